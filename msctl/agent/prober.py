"""Probes containers from inside their network: JSON lines in, JSON lines out, until stdin ends.

In: ``{"id", "kind": "http"|"tcp"|"amqp", "host", "port", "path", "timeout", "interval"}`` starts (or
replaces) a probe, ``{"id", "remove": true}`` ends it; seconds. Out: ``{"id", "ok", "output"}`` for the
first result and each change. Standard library only and few imports, since ``msctl up`` waits for its
start: run it as ``python -S -m msctl.agent.prober``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass

OUTPUT_LIMIT = 300
BODY_LIMIT = 16 * 1024
READ_LIMIT = 64 * 1024
DEFAULT_TIMEOUT = 1.0
DEFAULT_INTERVAL = 0.05
SLOWER = 1.03
LONGEST_INTERVAL = 1.0
"""What does not start quickly is not asked as often: its log would be full of the questions."""

AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
AMQP_CONNECTION_START = b"\x00\x0a\x00\x0a"
AMQP_FRAME_HEADER = 7


@dataclass(frozen=True, slots=True)
class Target:
    """What to ask, how often, and how long an answer may take (seconds)."""

    id: str
    kind: str
    host: str
    port: int
    path: str
    timeout: float
    interval: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the target is ready, and what it said in a few words."""

    ok: bool
    output: str


def parse_target(order: dict[str, object]) -> Target:
    """Target from an order; raises ``ValueError`` or ``KeyError`` when it is not one."""
    kind = str(order["kind"])
    if kind not in PROBES:
        raise ValueError(f"unknown kind {kind!r}")
    return Target(
        id=str(order["id"]),
        kind=kind,
        host=str(order["host"]),
        port=int(str(order["port"])),
        path=str(order.get("path") or "/"),
        timeout=float(str(order.get("timeout") or DEFAULT_TIMEOUT)),
        interval=float(str(order.get("interval") or DEFAULT_INTERVAL)),
    )


async def probe(target: Target) -> Answer:
    """Ask once; every failure is an answer."""
    try:
        async with asyncio.timeout(target.timeout):
            return await PROBES[target.kind](target)
    except TimeoutError:
        return Answer(False, f"no answer within {target.timeout:g} s")
    except ConnectionRefusedError:
        return Answer(False, "connection refused")
    except (OSError, EOFError, ValueError) as exc:
        return Answer(False, describe_failure(exc))


def describe_failure(exc: Exception) -> str:
    """An error in a few words, without asyncio's wrapping."""
    if isinstance(exc, asyncio.IncompleteReadError):
        return "connection closed without an answer"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror.lower()
    return str(exc) or type(exc).__name__


async def probe_tcp(target: Target) -> Answer:
    """Ready when a connection is accepted."""
    _, writer = await asyncio.open_connection(target.host, target.port)
    writer.close()
    return Answer(True, "connected")


async def probe_amqp(target: Target) -> Answer:
    """Ready when the broker greets with Connection.Start."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        writer.write(AMQP_HEADER)
        frame = await reader.readexactly(AMQP_FRAME_HEADER + len(AMQP_CONNECTION_START))
    finally:
        writer.close()
    greeted = frame[0] == 1 and frame[AMQP_FRAME_HEADER:] == AMQP_CONNECTION_START
    return Answer(greeted, "greeted" if greeted else "answered, but not with AMQP 0-9-1")


async def probe_http(target: Target) -> Answer:
    """Ready when GET ``path`` answers 2xx; a redirect is not followed."""
    reader, writer = await asyncio.open_connection(target.host, target.port, limit=READ_LIMIT)
    try:
        writer.write(http_request(target))
        raw = await read_response(reader)
    finally:
        writer.close()
    return http_answer(raw)


def http_request(target: Target) -> bytes:
    """The request's bytes; HTTP/1.0, so that the answer ends with the connection and is never chunked."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return (
        f"GET {target.path} HTTP/1.0\r\nHost: {host}:{target.port}\r\n"
        "User-Agent: msctl-prober\r\nConnection: close\r\n\r\n"
    ).encode()


async def read_response(reader: asyncio.StreamReader) -> bytes:
    """Head and as much of the body as is read, or what came before the connection ended."""
    raw = b""
    while len(raw) < READ_LIMIT:
        piece = await reader.read(READ_LIMIT)
        raw += piece
        head, separator, body = raw.partition(b"\r\n\r\n")
        if not piece or (separator and len(body) >= min(body_length(head), BODY_LIMIT)):
            break
    if not raw:
        raise EOFError("connection closed without an answer")
    return raw


def body_length(head: bytes) -> int:
    """Length that the head announces, or more than is ever read."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return READ_LIMIT


def summary(body: str) -> str:
    """A health document in a few words, its status and output; any other text as it is."""
    try:
        found = json.loads(body)
    except ValueError:
        return body
    if not isinstance(found, dict) or found.get("status") not in ("pass", "warn", "fail"):
        return body
    output = found.get("output")
    return f"{found['status']}: {output}" if output else str(found["status"])


def http_answer(raw: bytes) -> Answer:
    """The answer in a response's bytes: status, and what its body says in a few words."""
    head, _, body = raw.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():  # noqa: PLR2004
        raise ValueError("answered, but not with HTTP")
    status = int(words[1])
    text = " ".join(summary(body.decode("utf-8", "replace")).split())[:OUTPUT_LIMIT]
    return Answer(200 <= status < 300, f"{status} {text}".rstrip())  # noqa: PLR2004


PROBES = {"http": probe_http, "tcp": probe_tcp, "amqp": probe_amqp}


class Prober:
    """Keeps one task for each target and reports first results and changes."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def handle(self, line: bytes) -> None:
        """Obey one line of input; a line that makes no sense is answered with ``ok: false``."""
        identity = ""
        try:
            order = json.loads(line)
            identity = str(order["id"])
            self._drop(identity)
            if not order.get("remove"):
                self._tasks[identity] = asyncio.create_task(watch(parse_target(order)))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            report(identity, Answer(False, f"not a probe: {exc}"))

    def _drop(self, identity: str) -> None:
        task = self._tasks.pop(identity, None)
        if task is not None:
            task.cancel()


async def watch(target: Target) -> None:
    """Probe again and again, less and less often; report what changed."""
    last: Answer | None = None
    pause = target.interval
    while True:
        answer = await probe(target)
        if answer != last:
            report(target.id, answer)
            last = answer
        await asyncio.sleep(pause)
        pause = min(pause * SLOWER, max(target.interval, LONGEST_INTERVAL))


def report(identity: str, answer: Answer) -> None:
    """Write one result line."""
    line = json.dumps({"id": identity, "ok": answer.ok, "output": answer.output})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def run() -> None:
    """Serve stdin until it ends."""
    prober = Prober()
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        prober.handle(line)


if __name__ == "__main__":
    asyncio.run(run())
