"""Nobody gets another one's answer: unique ids over pipelined, cut and cancelled requests."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from tests.unit.gateway.in_memory import Client, Instance, Lab, document
from tests.unit.gateway.test_cuts import complete

GOOD = b"HTTP/1.1 200 OK\r\nX-Of: %b\r\nContent-Length: %d\r\n\r\n%b"
CHUNKED = b"HTTP/1.1 200 OK\r\nX-Of: %b\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
OPENING = re.compile(rb"(?:GET|PUT|POST) (/\S+) HTTP")


class Unruly:
    """Instances that answer in every way, now and then early, late, twice, half, wrong or not at all."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def __call__(self, instance: Instance, _data: bytes) -> None:
        dice = self.dice
        if (
            dice.random() < 0.01
            and (match := OPENING.match(instance.buffer))
            and not complete(instance.buffer)
        ):
            instance.wire.deliver(self.answer(match[1]))
            return
        while size := complete(instance.buffer):
            request, instance.buffer = instance.buffer[:size], instance.buffer[size:]
            self.act(instance, request.split(b" ")[1], dice.random())

    def act(self, instance: Instance, target: bytes, chance: float) -> None:
        wire, answer = instance.wire, self.answer(target)
        if chance < 0.90:
            self.portion(instance, answer)
        elif chance < 0.92:
            wire.deliver(answer[: self.dice.randrange(len(answer))])
            wire.end(ConnectionResetError() if self.dice.random() < 0.5 else None)
        elif chance < 0.94:
            wire.deliver(answer + self.answer(b"/nobody/0"))
        elif chance < 0.95:
            wire.deliver(b"garbage\r\n\r\n")
        elif chance < 0.96:
            wire.deliver(b"HTTP/1.1 100 Continue\r\n\r\n" + answer)
        elif chance < 0.97:
            wire.deliver(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        elif chance < 0.98:
            wire.deliver(answer.replace(b"200 OK", b"500 No"))
        elif chance < 0.985:
            asyncio.get_running_loop().call_later(0.02, wire.deliver, answer)
        elif chance < 0.99:
            wire.end()

    def portion(self, instance: Instance, answer: bytes) -> None:
        cut = self.dice.randrange(2 * len(answer))
        instance.wire.deliver(answer[:cut])
        if cut < len(answer):
            asyncio.get_running_loop().call_soon(instance.wire.deliver, answer[cut:])

    def answer(self, target: bytes) -> bytes:
        body = target * self.dice.randrange(1, 4)
        if self.dice.random() < 0.2:
            return CHUNKED % (target, len(body), body)
        return GOOD % (target, len(body), body)


class Visitor:
    """A client that pipelines requests with ids of its own and checks whose answers it gets, in order."""

    def __init__(self, lab: Lab, number: int, dice: random.Random) -> None:
        self.lab = lab
        self.number = number
        self.dice = dice
        self.turn = 0
        self.answered = 0
        self.wrong: list[bytes] = []

    async def visit(self, requests: int) -> None:
        while self.turn < requests:
            await self.connection(self.lab.client())

    async def connection(self, client: Client) -> None:
        expected: list[bytes] = []
        for _ in range(self.dice.randrange(1, 20)):
            asked = [self.request() for _ in range(self.dice.choice((1, 1, 1, 2, 5)))]
            expected += [target for target, _ in asked]
            await self.send(client, b"".join(raw for _, raw in asked))
            if self.dice.random() < 0.02:
                break
            await self.answers(client, expected)
            if expected:
                return
        client.wire.end(ConnectionResetError() if self.dice.random() < 0.5 else None)

    def request(self) -> tuple[bytes, bytes]:
        self.turn += 1
        target = b"/%d/%d" % (self.number, self.turn)
        if self.dice.random() < 0.7:
            return target, b"GET %b HTTP/1.1\r\nHost: g\r\n\r\n" % target
        body = target * self.dice.randrange(20)
        method = self.dice.choice((b"PUT", b"POST"))
        if body and self.dice.random() < 0.4:
            framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            return target, b"%b %b HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n%b" % (
                method,
                target,
                framed,
            )
        return target, b"%b %b HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%b" % (
            method,
            target,
            len(body),
            body,
        )

    async def send(self, client: Client, raw: bytes) -> None:
        cut = self.dice.randrange(3 * len(raw))
        client.wire.deliver(raw[:cut])
        if cut < len(raw):
            await asyncio.sleep(0)
            client.wire.deliver(raw[cut:])

    async def answers(self, client: Client, expected: list[bytes]) -> None:
        """Take answers off ``expected``; what is left was cut off with the connection."""
        loop = asyncio.get_running_loop()
        until = loop.time() + 20.0
        while expected:
            found = take(client.received)
            if found is None:
                if client.wire.closed or client.wire.shut:
                    client.wire.end()
                    return
                assert loop.time() < until, f"stuck: {expected[0]!r} {bytes(client.received)!r}"
                await asyncio.sleep(0)
                continue
            target = expected.pop(0)
            self.answered += 1
            if not is_for(target, *found):
                self.wrong.append(target + b" got " + b"|".join(found))


def take(received: bytearray) -> tuple[bytes, bytes] | None:
    """The first whole answer, taken off ``received``."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end])
    if match := re.search(rb"(?i)\r\ncontent-length: (\d+)", head):
        size = end + 4 + int(match[1])
        body = bytes(received[end + 4 : size])
    else:
        line = received.find(b"\r\n", end + 4)
        last = received.find(b"0\r\n\r\n", end + 4)
        if line < 0 or last < 0:
            return None
        size = last + 5
        body = re.sub(rb"(?:\A|\r\n)[0-9a-f]+\r\n(?:\r\n)?", b"", bytes(received[end + 4 : size]))
    if len(received) < size:
        return None
    del received[:size]
    return head, body


def is_for(target: bytes, head: bytes, body: bytes) -> bool:
    if b"application/problem+json" in head:
        return b'"instance": "%b"' % target in body
    return b"\r\nX-Of: %b\r\n" % target in head and body.replace(target, b"") == b""


async def mixed(requests: int, visitors: int, seed: int) -> None:
    lab = Lab(Unruly(random.Random(seed)), document(instances=3, timeout="60ms", retries=1))
    everyone = [Visitor(lab, number, random.Random(seed + number)) for number in range(visitors)]
    await asyncio.gather(*(visitor.visit(requests // visitors) for visitor in everyone))
    await lab.settle()
    assert [wrong for visitor in everyone for wrong in visitor.wrong] == []
    assert lab.leaks() == []
    assert sum(visitor.answered for visitor in everyone) > requests * 0.7
    assert not lab.gateway.connections


async def test_everyone_gets_their_own_answers() -> None:
    await mixed(8_000, visitors=40, seed=1)


@pytest.mark.long
async def test_everyone_gets_their_own_answers_over_a_million_requests() -> None:
    for seed in range(20):
        await mixed(50_000, visitors=100, seed=1000 * seed)
