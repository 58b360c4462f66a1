"""Durations, sizes, rates and the other languages of single values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest import grammar
from msctl.manifest.faults import Fault


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5), ("5s", 5.0), ("1m30s", 90.0), ("2h", 7200.0), ("1h1m1s1ms", 3661.001),
        ("1.5s", 1.5), ("0s", 0.0), ("720h", 2592000.0), ("100ms", 0.1),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float) -> None:
    assert grammar.duration(text) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        "5",
        "s",
        "5 s",
        "5sec",
        "-5s",
        "1s1m",
        "1e3s",
        "5S",
        "٥s",
        "5s\n",
        None,
        True,
        [],
        "721h",
        "9" * 500 + "s",
    ],
)
def test_no_durations(value: object) -> None:
    with pytest.raises(Fault) as caught:
        grammar.duration(value)
    assert caught.value.hint


def test_a_number_without_unit_is_told_which() -> None:
    with pytest.raises(Fault) as caught:
        grammar.duration(10)
    assert caught.value.what == "10 has no unit"
    assert str(caught.value.hint).startswith("did you mean 10s?")


def test_a_span_is_longer_than_nothing() -> None:
    assert grammar.span("1ms") == 0.001
    with pytest.raises(Fault, match="no time at all"):
        grammar.span("0s")


@pytest.mark.parametrize(
    ("text", "size"),
    [("1B", 1), ("64KiB", 65536), ("256MiB", 2**28), ("1.5GiB", 1610612736), ("1TiB", 2**40)],
)
def test_sizes(text: str, size: int) -> None:
    assert grammar.size(text) == size


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("256MB", "'256MiB'"),
        ("256m", "'256MiB'"),
        ("1g", "'1GiB'"),
        (256, "256MiB"),
        ("lots", "such as"),
        ("", "such as"),
    ],
)
def test_no_sizes(value: object, hint: str) -> None:
    with pytest.raises(Fault) as caught:
        grammar.size(value)
    assert hint in str(caught.value.hint)


def test_memory_has_a_ceiling() -> None:
    with pytest.raises(Fault, match="more memory than any machine has"):
        grammar.memory("99999999999TiB")


def test_memory_has_dockers_floor() -> None:
    assert grammar.memory("6MiB") == 6 * 2**20
    with pytest.raises(Fault, match="too little"):
        grammar.memory("5MiB")


@pytest.mark.parametrize(("text", "ratio"), [("50%", 0.5), ("0%", 0.0), ("100%", 1.0), ("12.5%", 0.125)])
def test_rates(text: str, ratio: float) -> None:
    assert grammar.rate(text) == ratio


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (0.5, "mean 50%"),
        (50, "mean 50%"),
        ("101%", "to 100%"),
        ("half", "such as"),
        ("-1%", "such as"),
        (float("nan"), "such as"),
    ],
)
def test_no_rates(value: object, hint: str) -> None:
    with pytest.raises(Fault) as caught:
        grammar.rate(value)
    assert hint in str(caught.value.hint)


def test_a_window_is_calls_or_time() -> None:
    calls, time = grammar.window(20), grammar.window("10s")
    assert (calls, type(calls)) == (20, int)
    assert (time, type(time)) == (10.0, float)
    for wrong in (0, -1, 100_001, True, "20", None):
        with pytest.raises(Fault):
            grammar.window(wrong)


ACCEPTED: list[tuple[Callable[[object], str], str]] = [
    (grammar.address, "127.0.0.1"), (grammar.address, "::1"), (grammar.address, "0.0.0.0"),
    (grammar.origin, "http://legacy:8080"), (grammar.origin, "https://shop.example.com"),
    (grammar.origin, "http://[::1]:80"), (grammar.endpoint, "http://loki:3100/loki/api/v1/push"),
    (grammar.image, "nginx"), (grammar.image, "nginx:1.27"), (grammar.image, "localhost:5000/a/b_c:Tag-1"),
    (grammar.image, "ghcr.io/team/app@sha256:" + "a" * 64),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "text"), ACCEPTED)
def test_accepted(parse: Callable[[object], str], text: str) -> None:
    assert parse(text) == text


REFUSED: list[tuple[Callable[[object], str], object]] = [
    (grammar.address, "localhost"), (grammar.address, "1.2.3"), (grammar.address, 127),
    (grammar.origin, "legacy:8080"), (grammar.origin, "ftp://x"), (grammar.origin, "http://x:99999"),
    (grammar.origin, "http://x/path"), (grammar.origin, "http://x?q"), (grammar.origin, "http://[::1"),
    (grammar.origin, "http://"), (grammar.origin, None), (grammar.endpoint, "loki:3100"),
    (grammar.endpoint, "http://user:secret@loki"),
    (grammar.endpoint, "http://:4318"), (grammar.image, "Nginx"), (grammar.image, "nginx:"),
    (grammar.image, "a b"), (grammar.image, ""), (grammar.image, "x" * 300), (grammar.image, 3),
]  # fmt: skip


@pytest.mark.parametrize(("parse", "value"), REFUSED)
def test_refused(parse: Callable[[object], str], value: object) -> None:
    with pytest.raises(Fault) as caught:
        parse(value)
    assert caught.value.hint


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(Fault) as caught:
        grammar.origin("http://user:hunter2@legacy:8080")
    assert "hunter2" not in f"{caught.value.what} {caught.value.hint}"
