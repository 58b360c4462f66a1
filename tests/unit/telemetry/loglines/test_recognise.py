"""What records say of themselves, in the forms that programs really write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.telemetry.loglines.levels import LEVELS, level_named, rank
from msctl.telemetry.loglines.recognise import recognise

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("text", "form", "level", "message"),
    [
        ('{"level": "warning", "message": "slow"}', "json", "warning", "slow"),
        ('{"level": 50, "msg": "no"}', "json", "error", "no"),
        ('    {"@level": "warn", "@message": "x"}', "json", "warning", "x"),
        ('{"severity": "CRITICAL", "event": "x"}', "json", "critical", "x"),
        ('ts=1 caller=a level=warn msg="two words"', "logfmt", "warning", "two words"),
        ("2026-11-25T14:17:10.000Z [INFO]  agent: x y=z", "plain", "info", "[INFO]  agent: x y=z"),
        ("2026-01-02 12:00:00.000 UTC [1] FATAL:  no", "plain", "critical", "[1] FATAL:  no"),
        ("2026-01-02 12:00:00 0 [Warning] Aborted", "plain", "warning", "0 [Warning] Aborted"),
        ("2026-01-02 12:00:00 [error] <0.1.0> closing", "plain", "error", "[error] <0.1.0> closing"),
        ("1:M 25 Nov 2026 14:00:00.000 # WARNING overcommit", "plain", "warning", None),
        ("1:M 25 Nov 2026 14:00:00.000 * Ready to accept", "plain", "info", None),
        ("error: no such file", "plain", "error", None),
        ("no errors here", "plain", None, None),
        ("GET /x?a=b&level=1 200", "plain", None, None),
        ('{"broken": ', "plain", None, None),
        ("{}", "plain", None, None),
        ("", "plain", None, None),
    ],
)
def test_forms_and_levels(text: str, form: str, level: str | None, message: str | None) -> None:
    found = recognise(text)
    assert (found.form, found.level, found.message) == (form, level, text if message is None else message)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"message": "x", "trace_id": "{TRACE}"}}',
        f'{{"message": "x", "traceparent": "00-{TRACE}-00f067aa0ba902b7-01"}}',
        f"level=info msg=x traceID={TRACE}",
        f"handled 00-{TRACE}-00f067aa0ba902b7-01 in 3 ms",
    ],
)
def test_the_trace_is_found(text: str) -> None:
    assert recognise(text).trace_id == TRACE


def test_fields_are_all_that_is_said_besides_the_message() -> None:
    assert recognise('{"message": "x", "level": "info", "n": 1}').fields == {"level": "info", "n": 1}


def test_nesting_without_end_is_plain() -> None:
    assert recognise('{"a":' + "[" * 100_000).form == "plain"


@given(st.text())
def test_whatever_comes_is_recognised_as_something(text: str) -> None:
    found = recognise(text)
    assert found.level is None or found.level in LEVELS


def test_words_of_many_programs_are_levels() -> None:
    assert [level_named(w) for w in ("WARN", "Err", "notice", "30", 60, True, None, "loud", "")] == [
        "warning", "error", "info", "info", "critical", None, None, None, None,
    ]  # fmt: skip
    assert rank(None) == rank("info") < rank("error")
