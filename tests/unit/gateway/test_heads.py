"""Heads that go out."""

from __future__ import annotations

from msctl.gateway.heads import AnswerFrame, Edge, answer_head, compile_edits, request_head, switching_head
from msctl.gateway.wire.answer import parse_answer
from msctl.gateway.wire.request import parse_request
from msctl.model.project import HeaderEdits
from msctl.telemetry.trace import TraceContext

TRACE = TraceContext("a" * 32, "b" * 16, "01")
EDGE = Edge("10.0.0.7", "http", b"msctl-gateway.x", False)
EDITS = compile_edits(HeaderEdits(set={"X-Set": "new"}, remove=("X-Gone",)))


def sent(head: str, edge: Edge = EDGE) -> list[str]:
    request = parse_request(head.replace("\n", "\r\n").encode())
    raw = request_head(request, request.target, edge, TRACE, "b" * 16, EDITS, request.host)
    return raw.decode().split("\r\n")[:-1]


def test_what_is_not_for_clients_to_say_stays_here() -> None:
    head = "GET /a HTTP/1.1\nHost: g\nX-A: 1\nX_Request_Id: 1\nX-Forwarded-For: 1\nX_Forwarded_Proto: s\n"
    lines = sent(
        head + "X-Gone: 1\nx_set: old\nKeep-Alive: 1\nConnection: X-Hop\nX-Hop: 1\nX_Hop: 1\nX_Fine: 1"
    )
    assert [line for line in lines if line.lower().startswith(("x-", "x_"))] == [
        "X-A: 1",
        "X_Fine: 1",
        "X-Forwarded-For: 10.0.0.7",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: g",
        f"X-Request-Id: {'b' * 16}",
        "X-Set: new",
    ]
    assert "Via: 1.1 msctl-gateway.x" in lines
    assert f"traceparent: 00-{'a' * 32}-{'b' * 16}-01" in lines


def test_a_trusted_proxy_is_believed() -> None:
    head = "GET /a HTTP/1.1\nHost: g\nVia: 1.1 p\nX-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https"
    lines = sent(head, EDGE._replace(trusted=True))
    assert "X-Forwarded-For: 1.2.3.4, 10.0.0.7" in lines
    assert "X-Forwarded-Proto: https" in lines
    assert "Via: 1.1 p, 1.1 msctl-gateway.x" in lines


def test_an_answer_keeps_its_fields_but_those_of_the_connection() -> None:
    request = parse_request(b"GET / HTTP/1.1\r\nHost: g")
    raw = "HTTP/1.1 200 Fine\nSet-Cookie: a\nset-cookie: b\nDate: now\nConnection: X-Hop\nX-Hop: 1\nX-Gone: 1"
    answer = parse_answer(f"{raw}\nX-Set: old\nContent-Length: 3".replace("\n", "\r\n").encode(), "GET")
    head = answer_head(answer, request, AnswerFrame(3, False, True), "b" * 16, (), EDITS)
    assert head.decode().split("\r\n") == [
        "HTTP/1.1 200 Fine",
        "Set-Cookie: a",
        "set-cookie: b",
        "Date: now",
        f"X-Request-Id: {'b' * 16}",
        "X-Set: new",
        "Content-Length: 3",
        "Connection: close",
        "",
        "",
    ]


def test_an_upgrade_has_the_route_s_edits_too() -> None:
    raw = b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nX-Gone: 1\r\nSec-WebSocket-Accept: k"
    head = switching_head(parse_answer(raw, "GET").fields, "b" * 16, EDITS).decode()
    assert "X-Gone" not in head
    assert "\r\nX-Set: new\r\n" in head
    assert "\r\nSec-WebSocket-Accept: k\r\n" in head
