"""The process: log store, live view and page behind one HTTP port, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from msctl import ending
from msctl.observer import page
from msctl.observer.chronicle import Chronicle, happenings
from msctl.observer.doors import Doors
from msctl.observer.encodings import ENCODINGS
from msctl.observer.forwarding import Forwarder
from msctl.observer.history import History
from msctl.observer.live import Live, Topology
from msctl.observer.logs_api import LARGEST_BATCH, LogsApi
from msctl.observer.neighbours import Neighbours, Places
from msctl.observer.readiness import Readiness
from msctl.observer.sampling import Sampler
from msctl.observer.store import LogStore
from msctl.observer.targets import Targets
from msctl.observer.traces_api import TracesApi
from msctl.observer.watching import HealthWatch
from msctl.telemetry import health, logs
from msctl.telemetry.health import Check, compose
from msctl.telemetry.metrics import Tallies, expose, process_registry

FORWARDERS = web.AppKey("forwarders", list[Forwarder])
_log = logging.getLogger("msctl.observer")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where it listens, who may ask, where and how much it keeps (bytes), and whom it watches."""

    port: int
    token: str
    folder: Path
    room: int
    topology: Path = Path("/run/secrets/topology.json")
    consul: str = "http://registry:8500"
    places: Places = field(default_factory=Places)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    identity = {"service": "observer", "instance": os.environ.get("MSCTL_INSTANCE", "observer")}
    logs.configure(identity)
    ending.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    store = LogStore(settings.folder / "logs", settings.room)
    history = History(settings.folder / "history.sqlite")
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        stack.callback(history.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        topology = Topology(settings.topology)
        watch = HealthWatch(session, settings.consul, history, topology.is_ours)
        app = application(settings, store, history, session, topology, watch)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, port=settings.port).start()
        _log.info("ready")
        working = [watch.run(), *(forwarder.run() for forwarder in app[FORWARDERS])]
        await _until_told([asyncio.create_task(work) for work in working])


def application(
    settings: Settings,
    store: LogStore,
    history: History,
    session: aiohttp.ClientSession,
    topology: Topology,
    watch: HealthWatch,
    clock: Callable[[], float] = time.monotonic,
) -> web.Application:
    """Everything that is served."""
    doors = Doors(settings.token, clock)
    api = LogsApi(store, lambda batches: history.hear([*happenings(batches)]))
    sampler = Sampler(session, topology.targets, clock)
    neighbours = Neighbours(session, topology.has_metrics, settings.token, settings.places, clock, time.time)
    live = Live(session, topology, watch, sampler, history, store, api, neighbours=neighbours)
    forwarders = [
        Forwarder(kind, partial(topology.target, kind), store, api, session, settings.folder)
        for kind in ENCODINGS
    ]
    readiness = Readiness(topology.read, lambda: watch.checks)
    found = Targets(session, settings.consul, lambda: str(topology.read()["project"]))
    app = web.Application(middlewares=[doors.middleware()], client_max_size=LARGEST_BATCH)
    app[FORWARDERS] = forwarders
    app.add_routes(
        [
            *api.routes(),
            *live.routes(),
            *Chronicle(history).routes(),
            *TracesApi(store).routes(),
            *page.routes(doors),
            *found.routes(),
            *_own(store, api, readiness, forwarders),
        ]
    )
    return app


def _own(
    store: LogStore, api: LogsApi, readiness: Readiness, forwarders: Sequence[Forwarder]
) -> list[web.RouteDef]:
    registry = process_registry()
    registry.register(readiness)
    registry.register(
        Tallies(
            (
                ("msctl_observer_lines", "Log lines stored.", lambda: api.taken),
                (
                    "msctl_observer_lines_forwarded",
                    "Taken by others.",
                    lambda: sum(f.taken for f in forwarders),
                ),
                ("msctl_observer_lines_refused", "Not taken.", lambda: sum(f.refused for f in forwarders)),
            )
        )
    )

    async def healthy(_request: web.Request) -> web.Response:
        size = await asyncio.to_thread(lambda: store.size)
        check = Check("logs", "size", "datastore", "pass", datetime.now(UTC), None, float(size), "bytes")
        seen = compose("observer", [check, *(_forwarding(f) for f in forwarders if f.wanted)])
        return web.json_response(health.document(seen), content_type=health.CONTENT_TYPE)

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = expose(registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    return [web.get("/-/health", healthy), web.get("/metrics", metrics)]


def _forwarding(forwarder: Forwarder) -> Check:
    """Its trouble is a warning: lines wait here until they are taken."""
    status: health.Status = "warn" if forwarder.trouble else "pass"
    return Check("forwarding", forwarder.kind, "component", status, datetime.now(UTC), forwarder.trouble)


async def _until_told(working: Sequence[asyncio.Task[None]]) -> None:
    """Return at a signal; raise what ended one of the tasks, which have no end of their own."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait([waiting, *working], return_when=asyncio.FIRST_COMPLETED)
    for task in working:
        if task.done():
            task.result()
        task.cancel()
