"""The prober: its probes against loopback servers, and the process by its stdin and stdout."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from msctl.agent.prober import Answer, Target, http_answer, http_request, parse_target, probe
from tests.free_port import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def target(port: int, kind: str = "http", path: str = "/readyz", timeout: float = 5.0) -> Target:
    return Target("a", kind, "127.0.0.1", port, path, timeout, 0.01)


@asynccontextmanager
async def serving(reply: bytes, *, then_hang: bool = False) -> AsyncIterator[int]:
    """A server on a free port that reads something and answers ``reply``."""
    end = asyncio.Event()
    conversations: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.current_task())
        await reader.read(1000)
        writer.write(reply)
        if then_hang:
            await end.wait()
        await closed(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        end.set()
        for _ in range(5):  # what it is accepting when it is closed leaks (CPython before 3.12)
            await asyncio.sleep(0)
        server.close()
        await asyncio.gather(*(task for task in conversations if task))


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close a server's side of a connection and see it closed."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nfine", Answer(True, "200 fine")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(True, "204")),
        (b'HTTP/1.0 503 Oh\r\nX: y\r\n\r\n{"status":\n "fail"}', Answer(False, "503 fail")),
        (
            b'HTTP/1.0 503 Oh\r\n\r\n{"status": "fail", "output": "no disk"}',
            Answer(False, "503 fail: no disk"),
        ),
        (b'HTTP/1.0 503 Oh\r\n\r\n{"status":\n []}', Answer(False, '503 {"status": []}')),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", Answer(False, "302")),
        (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 5000, Answer(False, "500 " + "x" * 300)),
        (b"220 smtp ready\r\n", Answer(False, "answered, but not with HTTP")),
        (b"", Answer(False, "connection closed without an answer")),
    ],
)
async def test_http(reply: bytes, answer: Answer) -> None:
    async with serving(reply) as port:
        assert await probe(target(port)) == answer


async def test_an_http_answer_with_a_length_does_not_wait_for_the_end() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", then_hang=True) as port:
        assert await probe(target(port)) == Answer(True, "200 ok")


async def test_silence_is_a_failure() -> None:
    async with serving(b"", then_hang=True) as port:
        assert await probe(target(port, timeout=0.05)) == Answer(False, "no answer within 0.05 s")


@pytest.mark.parametrize("kind", ["http", "tcp", "amqp"])
async def test_nobody_there(kind: str) -> None:
    assert await probe(target(free_port(), kind)) == Answer(False, "connection refused")


async def test_tcp() -> None:
    async with serving(b"") as port:
        assert await probe(target(port, "tcp")) == Answer(True, "connected")


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"\x01\x00\x00\x00\x00\x01\xff\x00\x0a\x00\x0a\x00\x09", Answer(True, "greeted")),
        (b"AMQP\x00\x01\x00\x00 something", Answer(False, "answered, but not with AMQP 0-9-1")),
        (b"AMQP\x00", Answer(False, "connection closed without an answer")),
    ],
)
async def test_amqp(reply: bytes, answer: Answer) -> None:
    async with serving(reply) as port:
        assert await probe(target(port, "amqp")) == answer


async def test_an_unknown_name_is_an_answer() -> None:
    answer = await probe(Target("a", "tcp", "no-such-host.invalid", 1, "/", 5.0, 1.0))
    assert not answer.ok


def test_request_is_closed_and_names_the_host() -> None:
    request = http_request(Target("a", "http", "fd00::1", 80, "/x?y", 1.0, 1.0))
    assert request.startswith(b"GET /x?y HTTP/1.0\r\nHost: [fd00::1]:80\r\n")
    assert b"\r\nConnection: close\r\n\r\n" in request


@pytest.mark.parametrize("raw", [b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\x01"])
def test_no_http_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not with HTTP"):
        http_answer(raw)


def test_defaults_of_an_order() -> None:
    assert parse_target({"id": "a", "kind": "tcp", "host": "h", "port": 1}) == Target(
        "a", "tcp", "h", 1, "/", 1.0, 0.05
    )


@pytest.mark.parametrize("order", [{"id": "a", "kind": "icmp", "host": "h", "port": 1}, {"id": "a"}])
def test_orders_that_make_no_sense(order: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse_target(order)


class Process:
    """The prober as ``docker exec`` runs it."""

    def __init__(self) -> None:
        command = [sys.executable, "-S", "-m", "msctl.agent.prober"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def order(self, **words: object) -> None:
        """Send one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    async def result(self) -> dict[str, object]:
        """The next line."""
        assert self.process.stdout is not None
        line: dict[str, object] = json.loads(await asyncio.to_thread(self.process.stdout.readline))
        return line

    def end(self) -> int:
        """Close stdin and wait."""
        self.process.communicate(timeout=60)
        return self.process.returncode


async def test_the_process_reports_first_results_and_changes_until_stdin_ends() -> None:
    prober = Process()
    port = free_port()
    prober.order(id="a", kind="tcp", host="127.0.0.1", port=port, interval=0.01)
    assert await prober.result() == {"id": "a", "ok": False, "output": "connection refused"}

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await closed(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    assert await prober.result() == {"id": "a", "ok": True, "output": "connected"}
    prober.order(id="a", remove=True)
    prober.order(id="b", kind="smoke", host="127.0.0.1", port=port)
    answer = await prober.result()
    assert (answer["id"], answer["ok"]) == ("b", False)
    assert await asyncio.to_thread(prober.end) == 0
    server.close()


async def test_rubbish_is_answered_and_survived() -> None:
    prober = Process()
    assert prober.process.stdin is not None
    prober.process.stdin.write("not json\n[1]\n")
    prober.process.stdin.flush()
    for _ in range(2):
        answer = await prober.result()
        assert answer["ok"] is False
    prober.order(id="c", kind="tcp", host="127.0.0.1", port=free_port())
    assert (await prober.result())["id"] == "c"
    assert prober.end() == 0


def test_it_imports_the_standard_library_only() -> None:
    code = (
        "import sys, msctl.agent.prober;"
        "files = [str(getattr(module, '__file__', '')) for module in sys.modules.values()];"
        "print([file for file in files if 'site-packages' in file])"
    )
    shown = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
