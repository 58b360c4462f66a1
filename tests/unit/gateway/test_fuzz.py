"""Mutated requests and answers: no crash, no stuck connection, nothing left behind."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.gateway.in_memory import Client, Instance, Lab, document

INPUTS = 100
"""Mutated messages from clients in one example; instances answer with as many."""

REQUESTS = (
    b"GET /a HTTP/1.1\r\nHost: g\r\n\r\n",
    b"GET /a?b=c HTTP/1.1\r\nHost: g:80\r\nConnection: close, X-A\r\nX-A: 1\r\nAccept: */*\r\n\r\n",
    b"GET http://h/a HTTP/1.1\r\nHost: g\r\nVia: 1.1 x\r\nX-Forwarded-For: 1\r\nX-Timeout-Ms: 30\r\n\r\n",
    b"HEAD /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: g\r\nMax-Forwards: 1\r\n\r\n",
    b"OPTIONS /a HTTP/1.1\r\nHost: g\r\nOrigin: http://o\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /a HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    b"GET /w HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: g\r\ntraceparent: 00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n",
)
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframes",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
)
SPICES = (
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b"\xff", b" ", b"\t", b":", b",", b"0", b"-1", b"f" * 16,
    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n", b"Host: x\r\n", b"HTTP/1.1", b"HTTP/2.0", b"/../", b"%2e%2e", b"%00",
    b"Expect: 100-continue\r\n", b"Upgrade: websocket\r\n", b"X: " + b"y" * 40_000, b"GET ", b"100", b"999",
)  # fmt: skip


class Kitchen:
    """Makes mutated messages; an instance answers each portion that it gets with one, or closes."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def message(self, templates: tuple[bytes, ...]) -> bytes:
        raw = bytearray(self.dice.choice(templates))
        for _ in range(self.dice.choice((0, 0, 1, 1, 2, 4))):
            self.mutate(raw)
        return bytes(raw)

    def mutate(self, raw: bytearray) -> None:
        at = self.dice.randrange(len(raw) + 1)
        to = min(len(raw), at + self.dice.randrange(1, 8))
        match self.dice.randrange(5):
            case 0:
                del raw[at:to]
            case 1:
                raw[at:at] = raw[at:to]
            case 2:
                raw[at:at] = self.dice.choice(SPICES)
            case 3:
                raw[at:to] = self.dice.choice(SPICES)
            case _:
                raw[at:to] = self.dice.randbytes(to - at)

    def portions(self, raw: bytes) -> list[bytes]:
        at = self.dice.randrange(2 * len(raw) + 1)
        return [raw[:at], raw[at:]]

    def answer(self, instance: Instance, _data: bytes) -> None:
        chance = self.dice.random()
        if chance < 0.05 or instance.wire.closed:
            instance.wire.end(ConnectionResetError() if chance < 0.02 else None)
            return
        for portion in self.portions(self.message(ANSWERS)):
            asyncio.get_running_loop().call_soon(instance.wire.deliver, portion)
        if self.dice.random() < 0.1:
            asyncio.get_running_loop().call_soon(instance.wire.end)


async def served(dice: random.Random) -> None:
    """Serve a batch of mutated messages, each connection's client leaving in its own way."""
    kitchen = Kitchen(dice)
    lab = Lab(kitchen.answer, document(timeout="20ms"))
    clients: list[Client] = []
    left = INPUTS
    while left > 0:
        client = lab.client()
        clients.append(client)
        pipelined = dice.choice((1, 1, 1, 2, 3))
        left -= pipelined
        for portion in kitchen.portions(b"".join(kitchen.message(REQUESTS) for _ in range(pipelined))):
            client.wire.deliver(portion)
            if dice.random() < 0.5:
                await asyncio.sleep(0)
        if dice.random() < 0.2:
            client.wire.end(ConnectionResetError())
    await asyncio.sleep(0.01)
    await leave(lab, clients)


async def leave(lab: Lab, clients: list[Client]) -> None:
    """Every request ends by itself; then the clients close, and nothing may be left."""
    loop = asyncio.get_running_loop()
    until = loop.time() + 10.0
    for client in clients:
        connection = client.connection
        while connection._errand and waits_for_nothing(client) and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        assert connection._errand is None or not waits_for_nothing(client), bytes(client.received)
        client.wire.end()
    await lab.settle()
    for instance in list(lab.instances):
        if instance.wire.closed or lab.leaks():
            instance.wire.end()
    await lab.settle()
    assert lab.leaks() == []
    assert not lab.gateway.connections


def waits_for_nothing(client: Client) -> bool:
    """Whether the request has to end without more of the client, and is no stream or tunnel."""
    connection = client.connection
    exchange = connection._exchange
    if exchange is None or exchange.status or connection._tunnel is not None:
        return False
    return exchange.body is None or exchange.body.complete


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(dice=st.randoms(use_true_random=True))
def test_mutated_messages(dice: random.Random) -> None:
    asyncio.run(served(dice))


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(dice=st.randoms(use_true_random=True))
def test_a_million_mutated_messages(dice: random.Random) -> None:
    asyncio.run(served(dice))
