"""WebSocket upgrades pass as tunnels."""

from __future__ import annotations

import asyncio
import socket
import threading

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import wait_until
from tests.integration.gateway.upstreams import Talk

ASK = (
    b"GET /ws HTTP/1.1\r\nHost: g\r\nConnection: keep-alive, Upgrade\r\n"
    b"Upgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n"
)
YES = b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n"


async def shouting(talk: Talk) -> None:
    await talk.request()
    await talk.send(YES + b"hello ")
    while data := await talk.reader.read(2**16):
        await talk.send(data.upper())


def test_bytes_pass_both_ways_from_the_first(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream(shouting)
    front = gateway(document(behind, route={"timeout": "3s"}))
    with front.client() as client:
        client.send(ASK + b"early ")
        answer = client.answer()
        assert answer.status == 101
        assert (answer.header("Connection"), answer.header("Upgrade")) == ("Upgrade", "websocket")
        assert answer.header("Sec-WebSocket-Accept") == "a"
        assert client.exactly(12) == b"hello EARLY "
        client.send(b"a" * 500_000)
        assert client.exactly(500_000) == b"A" * 500_000
        assert front.in_flight() == 1
    wait_until(lambda: front.in_flight() == 0, "the tunnel is gone")
    seen = behind.seen[0]
    assert (seen.one("Connection"), seen.one("Upgrade")) == ("Upgrade", "websocket")
    assert seen.one("Sec-WebSocket-Key") == "k"
    assert front.circuit()["calls"] == 1


def test_the_end_of_the_service_ends_the_client(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def brief(talk: Talk) -> None:
        await talk.request()
        await talk.send(YES + b"bye")

    front = gateway(document(upstream(brief)))
    with front.client() as client:
        client.send(ASK)
        assert client.answer().status == 101
        assert client.rest() == b"bye"


def test_a_refused_upgrade_is_an_ordinary_answer(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def refusing(talk: Talk) -> None:
        while await talk.request():
            await talk.answer(426, b"no")

    front = gateway(document(upstream(refusing)))
    with front.client() as client:
        for _ in range(2):
            client.send(ASK)
            assert client.answer().body == b"no"


def test_another_upgrade_than_asked_for_is_no_answer(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def lying(talk: Talk) -> None:
        await talk.request()
        await talk.send(YES.replace(b"websocket", b"h2c"))
        await asyncio.sleep(60)

    front = gateway(document(upstream(lying), circuit="off"))
    with front.client() as client:
        client.send(ASK)
        assert client.answer().status == 502


def test_a_client_that_ends_before_the_upgrade_leaves_nothing(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    go_on = threading.Semaphore(0)

    async def late(talk: Talk) -> None:
        await talk.request()
        await asyncio.to_thread(go_on.acquire)
        await talk.send(YES)
        while data := await talk.reader.read(2**16):
            await talk.send(data.upper())

    front = gateway(document(upstream(late)))
    for _ in range(10):
        with front.client() as client:
            client.send(ASK + b"early")
            wait_until(lambda: front.in_flight() == 1, "the call is under way")
            client.socket.shutdown(socket.SHUT_WR)
            go_on.release()
            client.rest()
        wait_until(lambda: front.in_flight() == 0, "the tunnel is gone")
