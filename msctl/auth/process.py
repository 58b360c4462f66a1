"""The process: documents, sockets, signals, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web

from msctl import ending
from msctl.auth.administration import Administration
from msctl.auth.announcing import Announcer
from msctl.auth.authority import Authority
from msctl.auth.limits import Limits
from msctl.auth.members import parse
from msctl.auth.store import Store
from msctl.auth.web import Doors
from msctl.errors import MsctlError
from msctl.telemetry import logs

PORT = 8080
ADMIN_PORT = 8081
_log = logging.getLogger("msctl.auth")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the process finds what it needs."""

    document: Path
    state: Path
    consul: str | None
    consul_token: Path | None
    host: str = "0.0.0.0"  # noqa: S104
    port: int = PORT
    admin_port: int = ADMIN_PORT


def run(place: Place) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    identity = {"service": "auth", "instance": os.environ.get("MSCTL_INSTANCE", "auth")}
    logs.configure(identity)
    logging.getLogger("authlib").setLevel(logging.WARNING)  # its debug lines show tokens
    ending.run(serve(place), uvloop.new_event_loop)
    return 0


async def serve(place: Place) -> None:
    """Serve until a signal."""
    async with AsyncExitStack() as stack:
        store = Store(place.state)
        stack.callback(store.close)
        authority = Authority(parse(place.document.read_text()), store, time.time)
        await _announce(place, authority, stack)
        doors = Doors(authority, Limits(time.monotonic)).application()
        await _listen(stack, doors, place.host, place.port)
        await _listen(stack, Administration(authority).application(), place.host, place.admin_port)
        await _until_told(lambda: _reload(place, authority))


async def _announce(place: Place, authority: Authority, stack: AsyncExitStack) -> None:
    if place.consul is None:
        return
    session = await stack.enter_async_context(aiohttp.ClientSession())
    announcer = Announcer(place.consul, lambda: _token(place.consul_token), session)
    authority.changed = announcer.changed
    task = asyncio.create_task(announcer.run())
    stack.callback(task.cancel)


async def _listen(stack: AsyncExitStack, application: web.Application, host: str, port: int) -> None:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port, backlog=1024).start()


def _reload(place: Place, authority: Authority) -> None:
    try:
        authority.use_directory(parse(place.document.read_text()))
    except (MsctlError, OSError) as exc:
        _log.error("the new document is not usable, the old one stays: %s", exc)
    else:
        _log.info("reloaded", extra={"clients": len(authority.directory.clients)})


def _token(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text().strip()
    except OSError:
        return None


async def _until_told(reload: Callable[[], None]) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    _log.info("ready")
    await told.wait()
