"""Whoever remembers the head before reads the same as whoever reads each head anew."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from msctl.gateway.wire.answer import AnswerHead, AnswerReader, parse_answer
from msctl.gateway.wire.fields import WireError
from msctl.gateway.wire.request import MOST_REMEMBERED, RequestHead, RequestReader, parse_request

LINES = (
    "GET /a?b=c HTTP/1.1",
    "GET /d HTTP/1.1",
    "GET /d HTTP/1.0",
    "POST /d HTTP/1.1",
    "GET http://other/e HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "HEAD /d HTTP/1.1",
    "GET /d",
)
BLOCKS = (
    "Host: g\nX-A: 1",
    "Host: g",
    "Host: g\nConnection: close",
    "Host: g\nContent-Length: 3",
    "Host: g\nTransfer-Encoding: chunked",
    "Host: g\nUpgrade: websocket\nConnection: upgrade",
    "Host: g\nExpect: 100-continue",
    f"Host: g\nX-Long: {'x' * MOST_REMEMBERED}",
    "X-No: host",
)
ANSWERS = (
    "HTTP/1.1 200 OK\nContent-Length: 3",
    "HTTP/1.1 200 OK\nContent-Length: 4",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Type: text/event-stream",
    f"HTTP/1.1 200 OK\nContent-Length: 3\nX-Long: {'x' * MOST_REMEMBERED}",
    "HTTP/1.1 200 OK\nContent-Length: x",
)


def told(head: RequestHead | AnswerHead) -> dict[str, Any]:
    values = {name: getattr(head, name) for name in head.__slots__}
    return values | {"fields": head.fields.items}


def outcome(read: Any, *given: Any) -> Any:
    try:
        return told(read(*given))
    except WireError as exc:
        return exc.what, exc.status


@pytest.mark.parametrize("block", BLOCKS)
def test_requests_in_a_row(block: str) -> None:
    for first, second, third in itertools.product(LINES, LINES, (block, BLOCKS[0])):
        reader = RequestReader()
        for line, lines in ((first, block), (second, block), (first, third), (second, block)):
            raw = f"{line}\n{lines}".replace("\n", "\r\n").encode()
            assert outcome(reader.read, raw) == outcome(parse_request, raw)


def test_fields_are_read_once_and_forgotten_when_told_so() -> None:
    reader, raw = RequestReader(), b"GET /a HTTP/1.1\r\nHost: g"
    fields = reader.read(raw).fields
    assert reader.read(raw.replace(b"/a", b"/b")).fields is fields
    reader.forget()
    assert reader.read(raw).fields is not fields


@pytest.mark.parametrize(("first", "second"), list(itertools.product(ANSWERS, ANSWERS)))
def test_answers_in_a_row(first: str, second: str) -> None:
    reader = AnswerReader()
    for head, method in ((first, "GET"), (second, "GET"), (second, "HEAD"), (first, "GET"), (first, "GET")):
        raw = head.replace("\n", "\r\n").encode()
        assert outcome(reader.read, raw, method) == outcome(parse_answer, raw, method)
