"""Answers of upstreams that break the rules: 502, and never a byte of them to the client."""

from __future__ import annotations

import pytest

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.upstreams import Talk, Upstream

LENGTH = b"Content-Length: 2\r\n"

BAD = {
    "nothing": b"",
    "garbage": b"garbage\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\n" + LENGTH + b"\r\nok",
    "no status": b"HTTP/1.1\r\n" + LENGTH + b"\r\nok",
    "status with two digits": b"HTTP/1.1 20 OK\r\n" + LENGTH + b"\r\nok",
    "status with four digits": b"HTTP/1.1 2000 OK\r\n" + LENGTH + b"\r\nok",
    "status beyond 599": b"HTTP/1.1 600 X\r\n" + LENGTH + b"\r\nok",
    "status 099": b"HTTP/1.1 099 X\r\n" + LENGTH + b"\r\nok",
    "head cut short": b"HTTP/1.1 200 OK\r\nContent-Le",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare LF in a header": b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n" + LENGTH + b"\r\nok",
    "bare CR in a header": b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\n" + LENGTH + b"\r\nok",
    "NUL in a header": b"HTTP/1.1 200 OK\r\nX: a\x00\r\n" + LENGTH + b"\r\nok",
    "folded header": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n" + LENGTH + b"\r\nok",
    "blank before the colon": b"HTTP/1.1 200 OK\r\nX : a\r\n" + LENGTH + b"\r\nok",
    "header without colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n" + LENGTH + b"\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + LENGTH + b"\r\nok",
    "list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "length and chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + LENGTH + b"\r\n0\r\n\r\n",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk beside the head": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n",
    "upgrade nobody asked for": b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n",
    "endless interim answers": b"HTTP/1.1 102 X\r\n\r\n" * 50,
    "interim answer with a body": b"HTTP/1.1 103 X\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 X\r\n\r\n",
}


def saying(raw: bytes) -> Upstream:
    async def script(talk: Talk) -> None:
        if await talk.request() is not None:
            await talk.send(raw)

    return Upstream(script)


def test_bad_answers_are_a_bad_gateway(gateway: MakeGateway) -> None:
    upstreams = {name: saying(raw) for name, raw in BAD.items()}
    services = {
        f"s{n}": {"instances": [one.address], "circuit": "off"} for n, one in enumerate(upstreams.values())
    }
    routes = [{"path": f"/{name}", "service": name, "retries": 0} for name in services]
    front = gateway({"services": services, "routes": routes})
    statuses: dict[str, int] = {}
    try:
        for name, route in zip(BAD, routes, strict=True):
            answer = front.get(str(route["path"]))
            statuses[name] = answer.status
            assert answer.json()["type"] == "urn:msctl:problem:bad-answer"
            assert "127.0.0.1" not in answer.body.decode()
    finally:
        for one in upstreams.values():
            one.close()
    assert statuses == dict.fromkeys(BAD, 502)


def test_bytes_behind_an_answer_never_reach_another_request(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    async def script(talk: Talk) -> None:
        while await talk.request():
            mine = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine"
            await talk.send(mine + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")

    behind = upstream(script)
    front = gateway(document(behind))
    with front.client() as client:
        assert {client.get("/x").body for _ in range(20)} == {b"mine"}


@pytest.mark.parametrize("errors", ["public", "full"])
def test_only_insiders_read_addresses(errors: str, gateway: MakeGateway) -> None:
    behind = saying(b"garbage\r\n\r\n")
    front = gateway({**document(behind, circuit="off"), "errors": errors})
    try:
        text = front.get("/x", method="POST").body.decode()
    finally:
        behind.close()
    assert ("127.0.0.1" in text) == (errors == "full")
    assert "the outcome of this write is unknown" in text
