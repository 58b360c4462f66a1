"""Scripted upstream servers: a thread with an event loop that speaks raw bytes."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.free_port import free_port


@dataclass(frozen=True)
class Seen:
    """One request as it reached an upstream."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


@dataclass
class Talk:
    """One connection of an upstream; scripts read requests from it and write what they like."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: list[Seen]
    number: int

    async def request(self) -> Seen | None:
        """The next whole request; None when the gateway closed."""
        head = await self.head()
        if head is None:
            return None
        seen = Seen(head.line, head.headers, await self.body(head))
        self.seen.append(seen)
        return seen

    async def head(self) -> Seen | None:
        try:
            raw = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = raw[:-4].decode("latin-1").split("\r\n")
        headers = tuple((line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in lines)
        return Seen(first, headers, b"")

    async def body(self, head: Seen) -> bytes:
        if (length := head.one("Content-Length")) is not None:
            return await self.reader.readexactly(int(length))
        if head.one("Transfer-Encoding") is None:
            return b""
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        while (await self.reader.readuntil(b"\r\n")) != b"\r\n":
            pass
        return body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b"ok", headers: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        await self.send(head.encode("latin-1") + body)

    def reset(self) -> None:
        """Close with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.writer.transport.abort()


class Gate:
    """Holds up scripts until the test opens it."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def open(self) -> None:
        """Let them go on."""
        self._open.set()

    async def opened(self) -> None:
        """Wait for it, in a script."""
        while not self._open.is_set():  # noqa: ASYNC110  another thread opens it
            await asyncio.sleep(0.01)


Script = Callable[[Talk], Awaitable[None]]


async def echo(talk: Talk) -> None:
    """Answer every request with its body."""
    while (request := await talk.request()) is not None:
        await talk.answer(body=request.body or b"ok")


@dataclass
class Upstream:
    """A listening upstream; ``script`` can be exchanged at any time and serves each new connection."""

    script: Script = echo
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    errors: list[BaseException] = field(default_factory=list)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.open()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._run(self._open())

    def shut(self) -> None:
        """Stop listening and cut every connection, as a killed process does."""
        self._run(self._shut())

    def close(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Awaitable[None]) -> None:
        async def do() -> None:
            await work

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(10)

    async def _open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self._listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(self._listener))

    async def _accept(self, listener: socket.socket) -> None:
        """Accept until the listener is shut.

        A server of asyncio leaks what it was accepting when it is closed (CPython before 3.12).
        """
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                try:
                    connection, _ = await loop.sock_accept(listener)
                except OSError:
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                reader, writer = await asyncio.open_connection(sock=connection, limit=2**20)
                task = asyncio.create_task(self._serve(reader, writer))
                self._tasks[task] = writer
                task.add_done_callback(self._tasks.pop)

    async def _shut(self) -> None:
        if self._listener is not None and self._accepting is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            await self._accepting
            self._listener = self._accepting = None
        tasks = dict(self._tasks)
        for task, writer in tasks.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.script(Talk(reader, writer, self.seen, self.connections))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as exc:
            self.errors.append(exc)
        finally:
            with suppress(ConnectionError):
                writer.close()
