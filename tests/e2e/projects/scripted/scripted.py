"""A service of the standard library alone that answers as its script says and keeps a journal of what came.

The script is ``/tmp/script``, read anew for each request, or else in the environment as ``SCRIPT``:
``{"status": 500, "delay": 1.0, "ready": false, "cut": true}``, each left out when all is well. A request's
own query may say ``delay`` and ``status`` too. The journal is ``/tmp/journal``: a line of JSON for each
request, health checks left out, and one for each connection that ended without any request.
"""

import asyncio
import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SCRIPT = Path("/tmp/script")
JOURNAL = Path("/tmp/journal")
HEALTH = ("/readyz", "/livez")
INSTANCE = os.environ["MSCTL_INSTANCE"]
HANDSHAKE = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Request:
    """One request without its body."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request; its body is read and dropped."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers)


def script_for(request: Request) -> dict[str, Any]:
    """What to do, the request's own wishes last."""
    written = json.loads(SCRIPT.read_text() if SCRIPT.exists() else os.environ.get("SCRIPT", "{}"))
    asked = {name: json.loads(value) for name, value in parse_qsl(urlsplit(request.target).query)}
    return {**written, **asked}


def note(connection: str, request: Request | None) -> None:
    """Write a line of the journal."""
    line: dict[str, Any] = {"connection": connection}
    if request is not None:
        line |= {"method": request.method, "target": request.target, "headers": request.headers}
    with JOURNAL.open("a") as journal:
        journal.write(json.dumps(line) + "\n")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All requests of one connection."""
    connection, silent = os.urandom(4).hex(), True
    try:
        while True:
            request = await read_request(reader)
            silent = False
            if request.path not in HEALTH:
                note(connection, request)
            if not await answer(request, reader, writer):
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        if silent:
            note(connection, None)
    finally:
        writer.close()


async def answer(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer as the script says; whether the connection goes on."""
    script = script_for(request)
    if request.path in HEALTH:
        send(writer, 200 if script.get("ready", True) else 503, {"status": "pass"})
        return True
    if request.path == "/events":
        return await events(writer)
    if "upgrade" in request.headers:
        return await echo(request, reader, writer)
    await asyncio.sleep(script.get("delay", 0.0))
    if script.get("cut", False):
        return False
    send(writer, script.get("status", 200), {"instance": INSTANCE, "target": request.target})
    return True


def send(writer: asyncio.StreamWriter, status: int, content: dict[str, str]) -> None:
    """A JSON answer."""
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status} Scripted\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)


async def events(writer: asyncio.StreamWriter) -> bool:
    """Server-sent events, ten a second, until the client goes away."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    number = 0
    while not writer.is_closing():
        number += 1
        writer.write(f"id: {number}\ndata: tick\n\n".encode())
        await writer.drain()
        await asyncio.sleep(0.1)
    return False


async def echo(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """A WebSocket whose bytes come back as they are."""
    digest = hashlib.sha1((request.headers["sec-websocket-key"] + HANDSHAKE).encode()).digest()
    accept = base64.b64encode(digest)
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    return False


async def main() -> None:
    """Serve for ever."""
    server = await asyncio.start_server(serve, "0.0.0.0", int(os.environ["PORT"]), backlog=512)
    await server.serve_forever()


JOURNAL.touch()
asyncio.run(main())
