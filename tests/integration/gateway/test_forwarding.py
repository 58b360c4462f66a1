"""What passes through the gateway, and what does not."""

from __future__ import annotations

import pytest

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import wait_until
from tests.integration.gateway.upstreams import Talk, echo


def test_target_and_headers_pass_byte_for_byte(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway(document(behind))
    target = "/a%2Fb/%7Eann//c;v=1?q=%20+&x=[1]|'\"&empty="
    assert front.get(target, "X-OdD-caSe: A  b\r\nAccept: x\r\nAccept: y\r\n").status == 200
    seen = behind.seen[0]
    assert seen.line == f"GET {target} HTTP/1.1"
    assert ("X-OdD-caSe", "A  b") in seen.headers
    assert seen.all("Accept") == ["x", "y"]
    assert seen.one("Host") == "gateway"


def test_a_service_elsewhere_is_called_by_its_own_name(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway(document(behind, host="legacy.example.com:8080"))
    assert front.get("/x").status == 200
    assert behind.seen[0].one("Host") == "legacy.example.com:8080"
    assert behind.seen[0].one("X-Forwarded-Host") == "gateway"


def test_nothing_is_invented(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway(document(behind))
    front.get("/x")
    assert {name.lower() for name, _ in behind.seen[0].headers} == {
        "host",
        "via",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "traceparent",
        "x-request-id",
        "x-timeout-ms",
    }


def test_strangers_cannot_say_who_they_are(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway({**document(behind), "project": "shop"})
    lies = "".join(
        f"{name}: lie\r\n"
        for name in (
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Forwarded-User",
            "X_Forwarded_For",
            "X-Real-IP",
            "X-Request-Id",
        )
    )
    front.get("/x", lies)
    seen = behind.seen[0]
    assert "lie" not in [value for _, value in seen.headers]
    assert seen.one("X-Forwarded-For") == "127.0.0.1"
    assert seen.one("Forwarded") == 'for=127.0.0.1;host="gateway";proto=http'
    assert seen.one("Via") == "1.1 msctl-gateway.shop"


def test_a_trusted_proxy_is_believed(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway({**document(behind), "trusted_proxies": ["127.0.0.0/8"]})
    front.get("/x", "X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: https\r\nForwarded: for=10.9.8.7\r\n")
    seen = behind.seen[0]
    assert seen.one("X-Forwarded-For") == "10.9.8.7, 127.0.0.1"
    assert seen.one("X-Forwarded-Proto") == "https"
    assert seen.one("Forwarded") == 'for=10.9.8.7, for=127.0.0.1;host="gateway";proto=http'


def test_hop_by_hop_headers_stop_here(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.answer(
            headers="Connection: X-Up\r\nX-Up: 1\r\nKeep-Alive: timeout=9\r\nX-Stays: 1\r\nServer: s\r\n"
        )

    behind = upstream(script)
    front = gateway(document(behind))
    answer = front.get(
        "/x",
        "Connection: X-Down, close\r\nX-Down: 1\r\nKeep-Alive: 1\r\nTE: trailers\r\nTrailer: X\r\n"
        "Proxy-Authorization: a\r\nProxy-Connection: keep-alive\r\nUpgrade: foo\r\n",
    )
    sent = {name.lower() for name, _ in behind.seen[0].headers}
    assert sent.isdisjoint(
        {
            "connection",
            "x-down",
            "keep-alive",
            "te",
            "trailer",
            "proxy-authorization",
            "proxy-connection",
            "upgrade",
        }
    )
    assert answer.header("X-Up") is None
    assert answer.header("Keep-Alive") is None
    assert answer.header("X-Stays") == "1"
    assert answer.header("Server") == "s"
    assert answer.header("Connection") == "close"


def test_trace_goes_on_and_request_id_comes_back(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway(document(behind))
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = front.get(
        "/x", f"traceparent: 00-{trace}-00f067aa0ba902b7-01\r\ntracestate: a=1\r\ntracestate: b=2\r\n"
    )
    seen = behind.seen[0]
    parent = seen.one("traceparent")
    assert parent is not None
    assert parent.startswith(f"00-{trace}-")
    assert "00f067aa0ba902b7" not in parent
    assert seen.one("tracestate") == "a=1,b=2"
    assert answer.header("X-Request-Id") == seen.one("X-Request-Id")


def test_loops_are_cut(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway({**document(upstream()), "project": "shop"})
    assert front.get("/x", "Via: 1.1 other, 1.1 msctl-gateway.shop\r\n").status == 508
    assert front.get("/x", "Via: 1.1 other\r\n").status == 200


def test_max_forwards(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway(document(behind, route={"methods": ["GET", "OPTIONS"]}))
    last = front.get("/x", "Max-Forwards: 0\r\n", "OPTIONS")
    assert (last.status, last.header("Allow")) == (204, "GET, HEAD, OPTIONS")
    assert behind.seen == []
    assert front.get("/x", "Max-Forwards: 3\r\n", "OPTIONS").status == 200
    assert behind.seen[0].one("Max-Forwards") == "2"
    assert front.get("/x", "Max-Forwards: x\r\n", "OPTIONS").status == 400
    assert front.get("/x", "Max-Forwards: 3\r\n").status == 200
    assert behind.seen[1].one("Max-Forwards") == "3"


@pytest.mark.parametrize(
    ("status", "method", "headers"),
    [(200, "HEAD", "Content-Length: 1234\r\n"), (204, "GET", ""), (304, "GET", "Content-Length: 99\r\n")],
)
def test_answers_without_body(
    status: int, method: str, headers: str, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    async def script(talk: Talk) -> None:
        while await talk.request():
            await talk.send(f"HTTP/1.1 {status} X\r\n{headers}ETag: e\r\n\r\n".encode())

    front = gateway(document(upstream(script)))
    with front.client() as client:
        for _ in range(2):
            answer = client.get("/x", method=method)
            assert answer.status == status
            wanted = headers.removeprefix("Content-Length: ").strip() or None
            assert answer.header("Content-Length") == wanted
            assert answer.header("Transfer-Encoding") is None


def test_expect_continue(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(), route={"body_limit": 100}))
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"abc")
        assert client.answer().body == b"abc"
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 300\r\nExpect: 100-continue\r\n\r\n")
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 413 ")


def test_interim_answers_pass(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await talk.answer()

    front = gateway(document(upstream(script)))
    with front.client() as client:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        assert client.answer().body == b"ok"


def test_body_limit_of_a_chunked_body(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(), route={"body_limit": 100}))
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"50\r\n" + b"a" * 0x50 + b"\r\n50\r\n" + b"a" * 0x50 + b"\r\n")
        answer = client.answer()
        assert (answer.status, answer.header("Connection")) == (413, "close")
        assert client.is_closed()


def test_connections_upstream_are_reused(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream(echo)
    front = gateway(document(behind))
    with front.client() as client:
        for _ in range(20):
            assert client.get("/x").status == 200
    assert behind.connections == 1
    wait_until(lambda: front.instances()[0]["idle_connections"] == 1, "the connection is kept")


def test_a_client_that_shut_its_side_still_gets_its_answer(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    front = gateway(document(upstream()))

    def is_answered() -> bool:
        """It counts as gone after half a second, which a busy machine may take to answer."""
        with front.client() as client:
            client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
            client.socket.shutdown(1)
            return client.rest().endswith(b"\r\n\r\nok")

    wait_until(is_answered, "the answer comes, and then the end")
