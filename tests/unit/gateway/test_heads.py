"""Heads that go out."""

from __future__ import annotations

import pytest

from msctl.gateway.answer_heads import AnswerFrame, answer_head, switching_head
from msctl.gateway.cors import DECIDED_HERE
from msctl.gateway.edits import compile_edits
from msctl.gateway.forward import is_keyed
from msctl.gateway.heads import Edge, part_head, request_head
from msctl.gateway.wire.answer import AnswerHead, parse_answer
from msctl.gateway.wire.fields import NOTHING
from msctl.gateway.wire.request import RequestHead, parse_request
from msctl.model.project import HeaderEdits
from msctl.telemetry.trace import proceed

EDGE = Edge("192.0.2.1", "http", b"msctl-gateway.x", trusted=False)
TRACE = proceed([], [], lambda _width: 1)
NO_EDITS = compile_edits(HeaderEdits())


def request(*lines: str, method: str = "GET") -> RequestHead:
    return parse_request("\r\n".join([f"{method} /x HTTP/1.1", "Host: g", *lines]).encode())


def names(head: bytes) -> list[str]:
    return [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")[1:] if line]


def answered(*lines: str) -> AnswerHead:
    return parse_answer("\r\n".join(["HTTP/1.1 200 OK", *lines]).encode(), "GET")


@pytest.mark.parametrize("name", ["Proxy", "Proxy-Foo", "Proxy_Foo", "Proxy-Connection"])
def test_what_is_for_one_proxy_goes_no_further(name: str) -> None:
    up = request_head(request(f"{name}: x", "X-A: b"), "/x", EDGE, TRACE, "1", NO_EDITS, "g")
    assert name.lower() not in names(up)
    assert "x-a" in names(up)
    down = answer_head(
        answered(f"{name}: x".replace("_", "-"), "X-A: b"),
        request(),
        AnswerFrame(None, True, False),
        "1",
        [],
        NO_EDITS,
    )
    assert name.lower().replace("_", "-") not in names(down)
    assert "x-a" in names(down)


def test_edits_of_a_request() -> None:
    edits = compile_edits(HeaderEdits(set={"X-Edge": "gateway"}, remove=("X-Debug",)))
    head = request_head(request("X-Debug: 1", "x-edge: forged"), "/x", EDGE, TRACE, "1", edits, "g")
    assert head.count(b"X-Edge: gateway\r\n") == 1
    assert names(head).count("x-edge") == 1
    assert "x-debug" not in names(head)


def test_edits_of_an_answer() -> None:
    edits = compile_edits(HeaderEdits(set={"X-Frame-Options": "DENY", "Vary": "X-A"}, remove=("Server",)))
    came = answered("Server: x", "x-frame-options: no", "Vary: Accept")
    head = answer_head(came, request(), AnswerFrame(0, False, False), "1", [], edits)
    assert names(head).count("x-frame-options") == 1
    assert b"X-Frame-Options: DENY\r\n" in head
    assert "server" not in names(head)
    assert b"Vary: Accept\r\n" in head
    assert b"Vary: X-A\r\n" in head


def test_the_document_decides_about_origins() -> None:
    said = answered("Access-Control-Allow-Origin: *", "Access-Control-Allow-Credentials: true", "X-A: b")
    head = answer_head(said, request(), AnswerFrame(0, False, False), "1", [], NO_EDITS, DECIDED_HERE)
    assert not [name for name in names(head) if name.startswith("access-control-allow")]
    assert "x-a" in names(head)


def test_a_part_says_where_it_comes_from() -> None:
    edits = compile_edits(HeaderEdits(set={"X-Edge": "1"}, remove=("Authorization",)))
    came = request("Authorization: x", "Accept-Language: de", "Cookie: c", "Via: 1.1 other")
    head = part_head(came, "orders", "/o", EDGE, (TRACE, "1"), edits)
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
    assert is_keyed(request(*lines, method="POST"), compile_edits(edits)) is keyed


EDITS = compile_edits(HeaderEdits(set={"X-Set": "new"}, remove=("X-Gone",)))


def sent(head: str, edge: Edge = EDGE) -> list[str]:
    came = parse_request(head.replace("\n", "\r\n").encode())
    raw = request_head(came, came.target, edge, TRACE, "b" * 16, EDITS, came.host)
    return raw.decode().split("\r\n")[:-1]


def test_what_is_not_for_clients_to_say_stays_here() -> None:
    head = "GET /a HTTP/1.1\nHost: g\nX-A: 1\nX_Request_Id: 1\nX-Forwarded-For: 1\nX_Forwarded_Proto: s\n"
    lines = sent(
        head + "X-Gone: 1\nx_set: old\nKeep-Alive: 1\nConnection: X-Hop\nX-Hop: 1\nX_Hop: 1\nX_Fine: 1"
    )
    assert [line for line in lines if line.lower().startswith(("x-", "x_"))] == [
        "X-A: 1",
        "X_Fine: 1",
        "X-Forwarded-For: 192.0.2.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: g",
        "X-Set: new",
        f"X-Request-Id: {'b' * 16}",
    ]
    assert "Via: 1.1 msctl-gateway.x" in lines
    assert f"traceparent: {TRACE.traceparent}" in lines


def test_a_trusted_proxy_is_believed() -> None:
    head = "GET /a HTTP/1.1\nHost: g\nVia: 1.1 p\nX-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https"
    lines = sent(head, EDGE._replace(trusted=True))
    assert "X-Forwarded-For: 1.2.3.4, 192.0.2.1" in lines
    assert "X-Forwarded-Proto: https" in lines
    assert "Via: 1.1 p, 1.1 msctl-gateway.x" in lines


def test_an_answer_keeps_its_fields_but_those_of_the_connection() -> None:
    answer = answered(
        *("Set-Cookie: a", "set-cookie: b", "Date: now", "Connection: X-Hop", "X-Hop: 1", "X-Gone: 1"),
        *("X-Set: old", "Content-Length: 3"),
    )
    head = answer_head(answer, request(), AnswerFrame(3, False, True), "b" * 16, (), EDITS)
    assert head.decode().split("\r\n") == [
        "HTTP/1.1 200 OK",
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


def test_lines_that_were_made_before_are_not_taken_for_others() -> None:
    came = request("Authorization: Bearer c", "X-User: me", "X-Debug: 1")
    other = compile_edits(HeaderEdits(remove=("X-Debug",)))
    far = EDGE._replace(client="192.0.2.9")
    asked = [
        (EDGE, NO_EDITS, "g", None),
        (EDGE, NO_EDITS, "g", b"Bearer s"),
        (EDGE, NO_EDITS, "g", b""),
        (EDGE, other, "g", None),
        (far, NO_EDITS, "g", None),
        (EDGE, NO_EDITS, "other", None),
    ]
    for edge, edits, host, authorization in [*asked, *reversed(asked)]:
        given = "/x", edge, TRACE, "1", edits, host, authorization
        assert request_head(came, *given) == request_head(
            request("Authorization: Bearer c", "X-User: me", "X-Debug: 1"), *given
        )


def test_an_answer_s_lines_that_were_made_before_are_not_taken_for_others() -> None:
    lines = ("Access-Control-Allow-Origin: *", "Server: x", "Content-Length: 3")
    said, other = answered(*lines), compile_edits(HeaderEdits(remove=("Server",)))
    asked = [
        (request(), AnswerFrame(3, False, False), "1", (), NO_EDITS, NOTHING),
        (request(), AnswerFrame(3, False, False), "2", (), NO_EDITS, DECIDED_HERE),
        (request(), AnswerFrame(3, False, False), "3", (), other, NOTHING),
        (request(), AnswerFrame(3, False, True), "4", (), other, NOTHING),
        (request(method="HEAD"), AnswerFrame(3, False, False), "5", (), other, NOTHING),
        (request(), AnswerFrame(3, False, False), "6", (("Vary", "Origin"),), NO_EDITS, NOTHING),
    ]
    for given in [*asked, *reversed(asked)]:
        heads = [answer_head(answer, *given) for answer in (said, answered(*lines))]
        assert heads[0] == heads[1]
        assert names(heads[0]).count("date") == 1
