"""Clients of a gateway: one at a time, side by side, and a steady stream while something goes wrong."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_PATIENCE = 30.0
_LONGEST = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the seconds it took; status 0 if the connection broke instead."""

    status: int
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Its content."""
        return json.loads(self.body)


class Connection:
    """A keep-alive connection to the gateway on ``port``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.opened = 0

    async def ask(self, target: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        """Send a request and read its answer; opens the connection where it is not open."""
        started = time.perf_counter()
        try:
            status, found, body = await asyncio.wait_for(self._ask(target, headers or {}, method), _PATIENCE)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return Answer(0, time.perf_counter() - started)
        return Answer(status, time.perf_counter() - started, found, body)

    async def _ask(
        self, target: str, headers: Mapping[str, str], method: str
    ) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            self.opened += 1
        reader, writer = self._streams
        lines = [f"{method} {target} HTTP/1.1", "Host: gateway", *(f"{k}: {v}" for k, v in headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        first, *fields = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
        body = await reader.readexactly(int(found["content-length"]))
        if found.get("connection") == "close":
            self.close()
        return int(first.split(" ")[1]), found, body

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def in_a_row(
    port: int, times: int, target: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> list[Answer]:
    """Requests one after another on one connection."""

    async def run() -> list[Answer]:
        connection = Connection(port)
        answers = [await connection.ask(target, headers, method) for _ in range(times)]
        connection.close()
        return answers

    return asyncio.run(run())


def get(port: int, target: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
    """One request."""
    return in_a_row(port, 1, target, headers, method)[0]


def at_once(port: int, times: int, target: str, headers: Mapping[str, str] | None = None) -> list[Answer]:
    """Requests side by side, each on a connection of its own."""

    async def run() -> list[Answer]:
        connections = [Connection(port) for _ in range(times)]
        answers = await asyncio.gather(*(one.ask(target, headers) for one in connections))
        for one in connections:
            one.close()
        return answers

    return asyncio.run(run())


def statuses(answers: Sequence[Answer]) -> dict[int, int]:
    """How often each status came."""
    return dict(Counter(answer.status for answer in answers))


@contextmanager
def steady(
    port: int, rate: float, target: str, longest: float = _LONGEST, headers: Mapping[str, str] | None = None
) -> Iterator[list[Answer]]:
    """``rate`` requests a second beside the block, at most ``longest`` seconds; complete after the block."""
    answers: list[Answer] = []
    over = threading.Event()
    stream = _stream(port, rate, target, longest, answers, over, headers)
    thread = threading.Thread(target=lambda: asyncio.run(stream))
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


async def _stream(
    port: int,
    rate: float,
    target: str,
    longest: float,
    answers: list[Answer],
    over: threading.Event,
    headers: Mapping[str, str] | None,
) -> None:
    idle: list[Connection] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one() -> None:
        connection = idle.pop() if idle else Connection(port)
        answers.append(await connection.ask(target, headers))
        idle.append(connection)

    started = time.perf_counter()
    for number in range(int(rate * longest)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        if over.is_set():
            break
        task = asyncio.create_task(one())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    for connection in idle:
        connection.close()
