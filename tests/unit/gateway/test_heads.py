"""Heads that go out."""

from __future__ import annotations

import pytest

from msctl.gateway.cors import DECIDED_HERE
from msctl.gateway.forward import is_keyed
from msctl.gateway.heads import AnswerFrame, Edge, answer_head, part_head, request_head
from msctl.gateway.wire.answer import AnswerHead, parse_answer
from msctl.gateway.wire.request import RequestHead, parse_request
from msctl.model.project import HeaderEdits, Route
from msctl.telemetry.trace import proceed

EDGE = Edge("192.0.2.1", "http", b"msctl-gateway.x", trusted=False)
TRACE = proceed([], [], lambda _width: 1)


def request(*lines: str, method: str = "GET") -> RequestHead:
    return parse_request("\r\n".join([f"{method} /x HTTP/1.1", "Host: g", *lines]).encode())


def names(head: bytes) -> list[str]:
    return [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:] if line]


def answered(*lines: str) -> AnswerHead:
    return parse_answer("\r\n".join(["HTTP/1.1 200 OK", *lines]).encode(), "GET")


@pytest.mark.parametrize("name", ["Proxy", "Proxy-Foo", "Proxy_Foo", "Proxy-Connection"])
def test_what_is_for_one_proxy_goes_no_further(name: str) -> None:
    up = request_head(request(f"{name}: x", "X-A: b"), "/x", EDGE, TRACE, b"1", HeaderEdits(), "g")
    assert name.lower() not in names(up)
    assert "x-a" in names(up)
    down = answer_head(
        answered(f"{name}: x".replace("_", "-"), "X-A: b"),
        request(),
        AnswerFrame(None, True, False),
        [],
        HeaderEdits(),
        b"",
    )
    assert name.lower().replace("_", "-") not in names(down)
    assert "x-a" in names(down)


def test_edits_of_a_request() -> None:
    edits = HeaderEdits(set={"X-Edge": "gateway"}, remove=("X-Debug",))
    head = request_head(request("X-Debug: 1", "x-edge: forged"), "/x", EDGE, TRACE, b"1", edits, "g")
    assert head.count(b"X-Edge: gateway\r\n") == 1
    assert names(head).count("x-edge") == 1
    assert "x-debug" not in names(head)


def test_edits_of_an_answer() -> None:
    edits = HeaderEdits(set={"X-Frame-Options": "DENY"}, remove=("Server",))
    head = answer_head(
        answered("Server: x", "x-frame-options: no"), request(), AnswerFrame(0, False, False), [], edits, b""
    )
    assert names(head).count("x-frame-options") == 1
    assert b"X-Frame-Options: DENY\r\n" in head
    assert "server" not in names(head)


def test_the_document_decides_about_origins() -> None:
    said = answered("Access-Control-Allow-Origin: *", "Access-Control-Allow-Credentials: true", "X-A: b")
    head = answer_head(said, request(), AnswerFrame(0, False, False), [], HeaderEdits(), b"", DECIDED_HERE)
    assert not [name for name in names(head) if name.startswith("access-control-allow")]
    assert "x-a" in names(head)


def test_a_part_says_where_it_comes_from() -> None:
    edits = HeaderEdits(set={"X-Edge": "1"}, remove=("Authorization",))
    came = request("Authorization: x", "Accept-Language: de", "Cookie: c", "Via: 1.1 other")
    head = part_head(came, "orders", "/o", EDGE, (TRACE, b"1"), edits)
    assert b"Via: 1.1 other, 1.1 msctl-gateway.x\r\n" in head
    assert b"X-Forwarded-For: 192.0.2.1\r\n" in head
    assert b"X-Edge: 1\r\n" in head
    assert {"forwarded", "accept-language", "traceparent"} <= set(names(head))
    assert not {"authorization", "cookie"} & set(names(head))


@pytest.mark.parametrize(
    ("lines", "edits", "keyed"),
    [
        (["Idempotency-Key: a"], HeaderEdits(), True),
        ([], HeaderEdits(), False),
        (["Idempotency-Key: "], HeaderEdits(), False),
        (['Idempotency-Key: ""'], HeaderEdits(), False),
        (["Idempotency-Key: a", "Connection: idempotency-key"], HeaderEdits(), False),
        (["Idempotency-Key: a"], HeaderEdits(remove=("Idempotency-Key",)), False),
        (["Idempotency-Key: a"], HeaderEdits(set={"idempotency-key": "b"}), False),
    ],
)
def test_a_key_counts_that_reaches_the_service(lines: list[str], edits: HeaderEdits, keyed: bool) -> None:
    route = Route("/x", service="a", request_headers=edits)
    assert is_keyed(request(*lines, method="POST"), route) is keyed
