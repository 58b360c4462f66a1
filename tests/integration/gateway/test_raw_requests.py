"""Raw bytes against the gateway: refused as required, closed, and nothing smuggled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import document
from tests.integration.gateway.process import GatewayProcess
from tests.integration.gateway.raw_cases import CASES, HOST, SMUGGLED, Case, get, post
from tests.integration.gateway.upstreams import Upstream


@pytest.fixture(scope="module")
def behind() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def front(behind: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    process = GatewayProcess(document(behind, circuit="off"), folder)
    yield process
    assert process.stop() == 0
    assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_and_closed(case: Case, front: GatewayProcess, behind: Upstream) -> None:
    before = len(behind.seen)
    with front.client() as client:
        client.send(case.raw)
        answer = client.answer()
        assert answer.status == case.status
        assert answer.header("Connection") == "close"
        assert answer.header("Content-Type") == "application/problem+json"
        assert answer.json()["status"] == case.status
        assert client.is_closed()
    assert len(behind.seen) == before, "no whole request may reach the upstream"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_alike_when_it_comes_in_pieces(case: Case, front: GatewayProcess, behind: Upstream) -> None:
    before = len(behind.seen)
    step = max(1, len(case.raw) // 23)
    with front.client() as client:
        try:
            for start in range(0, len(case.raw), step):
                client.send(case.raw[start : start + step])
        except ConnectionError:
            pass
        assert client.answer().status == case.status
        assert client.is_closed()
    assert len(behind.seen) == before


GOOD = {
    "one empty line before the request": b"\r\n" + get(),
    "unknown method": b"PURGE /x HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute form": get(target=b"http://other:81/x?y", host=b"Host: gateway\r\n"),
    "minor version above ours": b"GET /x HTTP/1.2\r\n" + HOST + b"\r\n",
    "IPv6 host": get(host=b"Host: [::1]:8080\r\n"),
    "obs-text in a value": get(b"X-A: \xe4\r\n"),
    "empty value": get(b"X-A:\r\n"),
    "blanks around a value": get(b"X-A: \t a \t\r\n"),
    "zero length": post(b"Content-Length: 0\r\n"),
    "length with leading zeros": post(b"Content-Length: 005\r\n", b"12345"),
    "upper-case coding": post(b"Transfer-Encoding: CHUNKED\r\n", b"3\r\nabc\r\n0\r\n\r\n"),
    "upper-case chunk size": post(b"Transfer-Encoding: chunked\r\n", b"00A\r\n0123456789\r\n0\r\n\r\n"),
    "chunk extensions": post(b"Transfer-Encoding: chunked\r\n", b'3;a=b;c="d"\r\nabc\r\n0\r\n\r\n'),
    "body on GET": get(b"Content-Length: 3\r\n") + b"abc",
    "percent-encoding": get(target=b"/%2F%e4?%zz"),
}


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_unusual_but_right(raw: bytes, front: GatewayProcess) -> None:
    with front.client() as client:
        client.send(raw)
        assert client.answer().status == 200
        client.send(raw.removeprefix(b"\r\n"))
        assert client.answer().status == 200


@pytest.mark.parametrize("raw", GOOD.values(), ids=GOOD)
def test_unusual_but_right_at_every_byte_boundary(raw: bytes, front: GatewayProcess) -> None:
    with front.client() as client:
        for cut in range(1, len(raw)):
            client.send(raw[:cut])
            client.send(raw[cut:])
            assert client.answer().status == 200


def test_http_1_0(front: GatewayProcess) -> None:
    with front.client() as client:
        client.send(b"GET /x HTTP/1.0\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.header("Connection")) == (200, "close")
        assert client.is_closed()
    with front.client() as client:
        for _ in range(2):
            client.send(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = client.answer()
            assert (answer.status, answer.header("Connection")) == (200, "keep-alive")


def test_pipelined_requests_are_answered_in_order(front: GatewayProcess) -> None:
    bodies = [b"body-%d" % n for n in range(50)]
    raw = b"".join(post(b"Content-Length: %d\r\n" % len(body), body) for body in bodies)
    with front.client() as client:
        client.send(raw)
        assert [client.answer().body for _ in bodies] == bodies


def test_a_body_is_never_a_request(front: GatewayProcess, behind: Upstream) -> None:
    before = len(behind.seen)
    with front.client() as client:
        client.send(post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED))
        assert client.answer().body == SMUGGLED
        client.send(get())
        assert client.answer().body == b"ok"
    assert [seen.target for seen in behind.seen[before:]] == ["/x", "/x"]


def test_upgrade_to_http2_is_not_passed_on(front: GatewayProcess, behind: Upstream) -> None:
    with front.client() as client:
        client.send(
            get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n")
        )
        assert client.answer().status == 200
    assert behind.seen[-1].one("Upgrade") is None
    assert behind.seen[-1].one("HTTP2-Settings") is None
    assert behind.seen[-1].one("Connection") is None
