"""Under mixed load with cancels, resets and failures every client gets its own answer, and nothing leaks."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import GatewayProcess, wait_until
from tests.integration.gateway.upstreams import Talk


async def unreliable(talk: Talk) -> None:
    """Answers with the request's target, in every way an upstream can, good and bad."""
    dice = random.Random(talk.number)
    while (request := await talk.request()) is not None:
        await asyncio.sleep(dice.random() * 0.005)
        body = request.target.encode() + b"|" + request.body
        match dice.randrange(12):
            case 0:
                await talk.answer(500, body)
            case 1:
                talk.reset()
                return
            case 2:
                await talk.send(b"HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n" + body)
                return
            case 3:
                await talk.send(b"garbage\r\n\r\n")
                return
            case 4:
                await talk.answer(200, body, "Connection: close\r\n")
                return
            case 5 | 6:
                await chunked(talk, body)
            case 7:
                await asyncio.sleep(0.3)
                await talk.answer(200, body)
            case 8:
                await talk.send(answer_with(body) + answer_with(b"wrong"))
            case _:
                await talk.answer(200, body)


def answer_with(body: bytes) -> bytes:
    return b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


async def chunked(talk: Talk, body: bytes) -> None:
    await talk.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(body), 7):
        piece = body[start : start + 7]
        await talk.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    await talk.send(b"0\r\n\r\n")


class Visitor:
    """One client that asks, now and then gives up, and checks whose answer it got."""

    def __init__(self, port: int, number: int) -> None:
        self.port = port
        self.number = number
        self.dice = random.Random(number)
        self.own = 0
        self.foreign: list[bytes] = []

    async def visit(self, requests: int) -> None:
        streams = None
        for turn in range(requests):
            if streams is None:
                streams = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                async with asyncio.timeout(30):
                    keep = await self._ask(*streams, f"/{self.number}/{turn}")
            except (asyncio.IncompleteReadError, ConnectionError):
                keep = False
            if not keep:
                streams[1].close()
                streams = None
        if streams is not None:
            streams[1].close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> bool:
        body = target.encode() * self.dice.randrange(30)
        method = self.dice.choice(["GET", "POST", "PUT"])
        framing = f"Content-Length: {len(body)}\r\n"
        raw = body
        if self.dice.random() < 0.3:
            framing, raw = "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"
            if body:
                raw = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        data = f"{method} {target} HTTP/1.1\r\nHost: g\r\n{framing}\r\n".encode() + raw
        cut = self.dice.randrange(len(data))
        writer.write(data[:cut])
        await asyncio.sleep(0)
        if self.dice.random() < 0.05:
            return False
        writer.write(data[cut:])
        if self.dice.random() < 0.1:
            await asyncio.sleep(self.dice.random() * 0.01)
            return False
        return await self._check(reader, target, body)

    async def _check(self, reader: asyncio.StreamReader, target: str, body: bytes) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        got = await answer_body(reader, head)
        if b"application/problem+json" in head:
            right = f'"instance": "{target}"'.encode() in got
        else:
            right = got == target.encode() + b"|" + body
        if right:
            self.own += 1
        else:
            self.foreign.append(target.encode() + b" got " + got[:200])
        return b"Connection: close" not in head


async def answer_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
    if "Content-Length" in fields:
        return await reader.readexactly(int(fields["Content-Length"]))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


async def mixed_load(front: GatewayProcess, visitors: int, requests: int) -> None:
    everyone = [Visitor(front.port, number) for number in range(visitors)]
    await asyncio.gather(*(visitor.visit(requests) for visitor in everyone))
    assert [what for visitor in everyone for what in visitor.foreign] == []
    assert sum(visitor.own for visitor in everyone) > visitors * requests * 0.5
    wait_until(lambda: front.in_flight() == 0, "no call is left over")
    assert [i["in_flight"] for i in front.instances()] == [0, 0, 0]
    wait_until(
        lambda: front.admin("GET", "/-/health")[1]["checks"]["gateway:connections"][0]["observedValue"] == 0,
        "",
    )


def unreliable_gateway(gateway: MakeGateway, upstream: MakeUpstream) -> GatewayProcess:
    behind = [upstream(unreliable) for _ in range(3)]
    front: GatewayProcess = gateway(document(*behind, circuit="off", route={"timeout": "2s", "retries": 2}))
    return front


async def test_everyone_gets_its_own_answer(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    await mixed_load(unreliable_gateway(gateway, upstream), visitors=40, requests=50)


@pytest.mark.long
async def test_everyone_gets_its_own_answer_for_long(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    await mixed_load(unreliable_gateway(gateway, upstream), visitors=100, requests=10_000)
