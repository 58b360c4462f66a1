"""Clients that take their time hold up themselves, not the service and not each other."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter

import pytest

from msctl.gateway.config import Listen
from msctl.gateway.process import KEEP_ALIVE, listen
from tests.free_port import free_port
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import Client, GatewayProcess, wait_until
from tests.integration.gateway.upstreams import Script, Talk

ASK = b"GET /x HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
GET = b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n"
UPLOAD = b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 100000\r\n\r\na"


async def tunnelling(talk: Talk) -> None:
    while (request := await talk.request()) is not None:
        if request.one("Upgrade"):
            await talk.send(b"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            await talk.reader.read()
            return
        await talk.answer()


async def telling(talk: Talk) -> None:
    events = iter([True] * 2)
    while (await talk.request()) is not None:
        if talk.number <= 3 and next(events, False):
            await talk.send(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            await talk.reader.read()
            return
        await talk.answer()


async def plain(talk: Talk) -> None:
    while await talk.request():
        await talk.answer()


def held(front: GatewayProcess, number: int, request: bytes) -> list[Client]:
    clients = [front.client() for _ in range(number)]
    for client in clients:
        client.send(request)
    return clients


@pytest.mark.parametrize(("script", "request_"), [(tunnelling, ASK), (telling, GET), (plain, UPLOAD)])
def test_lasting_calls_leave_half_of_the_places(
    script: Script, request_: bytes, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    front = gateway(document(upstream(script), max_concurrent=4))
    first = held(front, 2, request_)
    if script is not plain:
        for client in first:
            client.until(b"\r\n\r\n")
    wait_until(lambda: front.in_flight() == 2, "both are under way")
    refused = held(front, 1, request_)[0].answer()
    assert (refused.status, refused.header("Retry-After")) == (503, "1")
    assert "2 uploads and streams are under way" in refused.json()["detail"]
    wait_until(lambda: front.in_flight() == 2, "the refused one is not")
    assert Counter(front.get("/x").status for _ in range(10)) == {200: 10}
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 4\r\n\r\n")
        client.send(b"body")
        assert client.answer().status == 200
    assert front.circuit()["failure_rate"] == 0.0


def test_places_come_back(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(plain), max_concurrent=2))
    for _ in range(3):
        (slow,) = held(front, 1, UPLOAD)
        wait_until(lambda: front.in_flight() == 1, "it is under way")
        slow.send(b"a" * 99_999)
        assert slow.answer().status == 200
        (gone,) = held(front, 1, UPLOAD)
        wait_until(lambda: front.in_flight() == 1, "it is under way")
        gone.close()
        wait_until(lambda: front.in_flight() == 0, "it is over")


def test_slow_uploads_do_not_keep_a_circuit_half_open(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    circuit = {"wait": "30s", "half_open_calls": 2, "slow_call": "2s"}
    front = gateway(document(upstream(plain), circuit=circuit))
    front.admin("POST", "/-/circuits/orders/trip?for=1ms")
    tripped = time.monotonic()
    wait_until(lambda: time.monotonic() > tripped + 0.01, "the circuit may be tried")
    held(front, 2, UPLOAD)
    wait_until(lambda: front.in_flight() == 2, "they try the service")
    assert front.circuit()["state"] == "half_open"
    for _ in range(2):
        wait_until(lambda: front.get("/x").status == 200, "others may try it, too")
    assert front.circuit()["state"] == "closed"
    assert front.in_flight() == 2


async def test_vanished_clients_are_noticed() -> None:
    accepted: asyncio.Future[asyncio.BaseTransport] = asyncio.get_running_loop().create_future()

    class Accepting(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.set_result(transport)

    port = free_port()
    server = await listen(Listen("127.0.0.1", port), Accepting)  # type: ignore[arg-type]
    async with server:
        with socket.create_connection(("127.0.0.1", port)):
            transport = await accepted
            found = transport.get_extra_info("socket")
            assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            for option, value in KEEP_ALIVE.items():
                assert found.getsockopt(socket.IPPROTO_TCP, option) == value
            transport.close()
