"""Request heads; the malformed ones are in the integration tests' table as well."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.gateway.wire.fields import WireError
from msctl.gateway.wire.request import RequestHead, check_partial, parse_request
from tests.integration.gateway.raw_cases import CASES, Case


def head(text: str) -> RequestHead:
    return parse_request(text.replace("\n", "\r\n").encode("latin-1"))


def test_a_plain_head() -> None:
    request = head("GET /a%2Fb?c=d HTTP/1.1\nHost: Shop:8080\nX-A: 1\nx-a: 2\nAccept: y")
    assert (request.method, request.target, request.path, request.query) == (
        "GET",
        "/a%2Fb?c=d",
        "/a%2Fb",
        "?c=d",
    )
    assert (request.host, request.minor, request.keep_alive) == ("Shop:8080", 1, True)
    assert (request.length, request.chunked, request.has_body) == (None, False, False)
    assert request.fields.all(b"x-a") == [b"1", b"2"]
    assert request.fields.only(b"x-a") is None
    assert request.header("accept") == "y"


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("GET / HTTP/1.1\nHost: a\nConnection: close", False),
        ("GET / HTTP/1.1\nHost: a\nConnection: foo, CLOSE", False),
        ("GET / HTTP/1.0\nHost: a", False),
        ("GET / HTTP/1.0\nHost: a\nConnection: Keep-Alive", True),
    ],
)
def test_keep_alive(text: str, keep: bool) -> None:
    assert head(text).keep_alive is keep


def test_absolute_form_names_the_host() -> None:
    request = head("GET HTTP://other:81?x HTTP/1.1\nHost: a")
    assert (request.target, request.host) == ("/?x", "other:81")


@pytest.mark.parametrize(
    ("fields", "websocket"),
    [
        ("Connection: Upgrade\nUpgrade: websocket", True),
        ("Connection: keep-alive, upgrade\nUpgrade: WebSocket", True),
        ("Upgrade: websocket", False),
        ("Connection: Upgrade\nUpgrade: h2c", False),
        ("Connection: Upgrade\nUpgrade: websocket, h2c", False),
    ],
)
def test_websocket(fields: str, websocket: bool) -> None:
    assert head(f"GET / HTTP/1.1\nHost: a\n{fields}").websocket is websocket


ROUTERS = ("dot", "backslash", "NUL in", "encoded NUL", "percent-encoding")
HEAD_CASES = [c for c in CASES if not c.reaches and not any(word in c.name for word in ROUTERS)]


def read(raw: bytes) -> None:
    """As a connection does: check what is there, parse once the head is whole."""
    checked = 0
    for end in range(1, len(raw), 1 + len(raw) // 500):
        if b"\r\n\r\n" in raw[:end]:
            break
        check_partial(raw[:end], checked)
        checked = end
    parse_request(raw.partition(b"\r\n\r\n")[0])


@pytest.mark.parametrize("case", HEAD_CASES, ids=lambda case: case.name)
def test_malformed_heads(case: Case) -> None:
    with pytest.raises(WireError) as caught:
        read(case.raw.removeprefix(b"\r\n"))
    assert caught.value.status == case.status


@given(data=st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    for raw in (data, b"GET / HTTP/1.1\r\nHost: a\r\n" + data):
        with suppress(WireError):
            check_partial(raw)
            request = parse_request(raw)
            assert request.target.isascii()
            assert not (request.chunked and request.length is not None)


@pytest.mark.parametrize("host", ["[:::::]", "[::1", "[1.2.3.4]", "x:99999", "x:65536", "[::g]"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(WireError):
        parse_request(f"GET / HTTP/1.1\r\nHost: {host}".encode())


@pytest.mark.parametrize("host", ["[::1]:80", "x:65535", "x:", "a_b.example"])
def test_hosts_that_are_fine(host: str) -> None:
    assert parse_request(f"GET / HTTP/1.1\r\nHost: {host}".encode()).host == host
