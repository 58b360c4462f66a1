"""``msctl dev``: what is saved runs, what does not come up is told, and nothing ends with the watching."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from aiohttp import ClientError

from msctl.orchestrator.dev.debugging import NODE_PORT, PYTHON_PORT
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker, running
from tests.e2e.inspector import value_at, value_now
from tests.e2e.traffic import get
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_PATIENCE = 120.0

_ON_THE_CHASSIS = """
from msctl.chassis import Request, Service

service = Service("web")


@service.get("/")
async def fine(request: Request) -> object:
    return {"fine": True}


service.run()
"""


def test_what_is_saved_runs_and_what_is_wrong_is_told(small: Checkout) -> None:
    source = small.folder / "plain" / "server.py"
    dockerfile = source.with_name("Dockerfile")
    dockerfile.write_text(dockerfile.read_text().replace("COPY server.py server.py", "COPY . ."))
    good = source.read_text()
    with _dev(small) as told:
        _until_told(told, "watching web")
        source.write_text(good.replace('b"fine"', 'b"better"'))
        eventually(lambda: get(small.port, "/web").body == b"better", timeout=_PATIENCE)
        source.write_text(f"{good}\nnonsense here\n")
        _until_told(told, "SyntaxError")
        _until_told(told, "is stopped until the next change")
        source.write_text(good)
        eventually(lambda: get(small.port, "/web").body == b"fine", timeout=_PATIENCE)
    _until_told(told, "no longer watching")
    assert running(small.name("web-1"))


@pytest.mark.long
def test_a_debugger_attaches_to_what_runs(small: Checkout) -> None:
    (small.folder / "plain" / "server.py").write_text(_ON_THE_CHASSIS)
    with _dev(small, "--debug", "web") as told:
        _until_told(told, "watching web")
        _until_told(told, '"type": "debugpy"')
        assert _initialized()
        assert get(small.port, "/web").body == b'{"fine": true}'
    _until_told(told, "'web' still listens for a debugger")


@pytest.mark.long
def test_an_editor_stops_a_node_service_and_finds_it_again_after_a_change(small: Checkout) -> None:
    small.msctl("scaffold", "new-service", "front", "--template", "node", "--open").good()
    source = small.folder / "services" / "front" / "src" / "app.js"
    text = source.read_text()
    line = next(number for number, line in enumerate(text.splitlines()) if "route.handle(" in line)
    with _dev(small, "--debug", "front") as told:
        _until_told(told, "watching web, front")
        _until_told(told, '"type": "node"')
        seen = value_at(NODE_PORT, line, "route.path === '/front'", "url.pathname", lambda: _ask(small))
        assert asyncio.run(seen) == "/front"
        assert eventually(lambda: _ask(small) == 200, timeout=_PATIENCE)
        source.write_text(f"{text}\nglobalThis.edited = true;\n")
        eventually(_knows_of_the_change, timeout=_PATIENCE)
    _until_told(told, "'front' still listens for a debugger")
    small.msctl("up").good()
    assert "--inspect" not in docker("inspect", "--format", "{{.Config.Env}}", small.name("front-1"))


def _ask(checkout: Checkout) -> int:
    return get(checkout.port, "/api/front").status


def _knows_of_the_change() -> bool:
    """Whether the process that a debugger finds now has read the new source; it is away in between."""
    with contextlib.suppress(OSError, ClientError):
        return bool(asyncio.run(value_now(NODE_PORT, "globalThis.edited")))
    return False


def _initialized() -> bool:
    """Whether a debug adapter answers an editor's first request where editors look for it."""
    asked = b'{"seq": 1, "type": "request", "command": "initialize", "arguments": {"adapterID": "test"}}'
    with socket.create_connection(("127.0.0.1", PYTHON_PORT), timeout=_PATIENCE) as connection:
        connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(asked), asked))
        answer = b""
        while b'"success"' not in answer:
            piece = connection.recv(65536)
            if not piece:
                return False
            answer += piece
    return b'"success": true' in answer


@contextmanager
def _dev(checkout: Checkout, *arguments: str) -> Iterator[list[str]]:
    """``dev`` during the block, and well when it is interrupted; its lines on stderr, as they come."""
    told: list[str] = []
    with checkout.start("dev", *arguments) as process:
        assert process.stderr is not None
        stream = process.stderr
        reading = Thread(target=lambda: told.extend(stream), daemon=True)
        reading.start()
        try:
            yield told
        finally:
            process.send_signal(signal.SIGINT)
            reading.join(timeout=_PATIENCE)
        assert process.wait(timeout=_PATIENCE) == 0


def _until_told(told: list[str], words: str) -> None:
    eventually(lambda: any(words in line for line in told), timeout=_PATIENCE)
