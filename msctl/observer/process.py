"""The process: the log store behind an HTTP port, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from msctl.observer.doors import Doors
from msctl.observer.logs_api import LARGEST_BATCH, LogsApi
from msctl.observer.store import LogStore
from msctl.telemetry import health, logs
from msctl.telemetry.health import Check, compose
from msctl.telemetry.metrics import Tallies, expose, process_registry

_log = logging.getLogger("msctl.observer")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where it listens, who may ask, and where and how much it keeps (bytes)."""

    port: int
    token: str
    folder: Path
    room: int


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    identity = {"service": "observer", "instance": os.environ.get("MSCTL_INSTANCE", "observer")}
    logs.configure(identity)
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    store = LogStore(settings.folder / "logs", settings.room)
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        runner = web.AppRunner(application(settings, store), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, port=settings.port).start()
        _log.info("ready")
        await _until_told()


def application(
    settings: Settings, store: LogStore, clock: Callable[[], float] = time.monotonic
) -> web.Application:
    """Everything that is served."""
    doors = Doors(settings.token, clock)
    api = LogsApi(store)
    app = web.Application(middlewares=[doors.middleware()], client_max_size=LARGEST_BATCH)
    app.add_routes(api.routes())
    app.add_routes(_own(store, api))
    return app


def _own(store: LogStore, api: LogsApi) -> list[web.RouteDef]:
    registry = process_registry()
    registry.register(Tallies((("msctl_observer_lines", "Log lines stored.", lambda: float(api.taken)),)))

    async def healthy(_request: web.Request) -> web.Response:
        size = await asyncio.to_thread(lambda: store.size)
        check = Check("logs", "size", "datastore", "pass", datetime.now(UTC), None, float(size), "bytes")
        seen = compose("observer", [check])
        return web.json_response(health.document(seen), content_type=health.CONTENT_TYPE)

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = expose(registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    return [web.get("/-/health", healthy), web.get("/metrics", metrics)]


async def _until_told() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
