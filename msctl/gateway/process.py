"""The process: sockets, signals, sweeping, reload, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web

from msctl import ending
from msctl.errors import ManifestInvalid, MsctlError
from msctl.gateway.admin import Admin
from msctl.gateway.answering import Answering
from msctl.gateway.client import ClientConnection
from msctl.gateway.config import GatewayConfig, Listen
from msctl.gateway.discovery import Discovery
from msctl.gateway.files import FileBudget
from msctl.gateway.loader import load
from msctl.gateway.log import AccessLog
from msctl.gateway.log_stream import LogStream, report
from msctl.gateway.measures import Measures
from msctl.gateway.runtime import Gateway
from msctl.gateway.service import Nature
from msctl.gateway.tls import HANDSHAKE_SECONDS, Certificates
from msctl.telemetry import logs
from msctl.telemetry.metrics import Tallies, process_registry

SWEEP_SECONDS = 0.5
BACKLOG = 4096
RESERVED_FILES = 64
FILES_FOR_CALLS = 4000
MOST_CONNECTIONS = 20_000
GRACE_MARGIN = 1.0
"""Draining ends so long before ``stop_grace``, when the engine kills, or a quarter of it if that is less."""

KEEP_ALIVE = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 15, socket.TCP_KEEPCNT: 4}

LAST_LINES_SECONDS = 1.0
"""How long the end of the process waits for a reader of its log."""

COLLECT_AFTER = 50_000
"""Objects that came and did not go before cycles among them are looked for."""

_log = logging.getLogger("msctl.gateway")


class ListenFailed(MsctlError):
    """The gateway cannot listen where its document says."""

    code = "listen"


def run(config_path: Path) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    config = load(config_path)
    identity = {"service": "gateway", "instance": os.environ.get("MSCTL_INSTANCE", "gateway")}
    stream = LogStream(sys.stdout.fileno())
    logs.configure(identity | ({"project": config.project} if config.project else {}), stream=stream)
    try:
        ending.run(_serve(config_path, config, stream), uvloop.new_event_loop)
    finally:
        stream.close(LAST_LINES_SECONDS)
    return 0


async def _serve(config_path: Path, config: GatewayConfig, stream: LogStream) -> None:
    gateway = build(config, stream)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        discovery = Discovery(session, gateway.clock)
        stack.push_async_callback(discovery.close)
        reloading = Reloading(config_path, gateway, discovery)
        await discovery.follow(gateway.table)
        certificates = Certificates(config.tls) if config.tls is not None else None
        _spare_the_collector()
        server = await listen(config.listen, _protocol(gateway, certificates), certificates)
        if config.admin is not None:
            await _serve_admin(stack, config.admin, Admin(gateway, reloading.reload))
        sweeper = asyncio.create_task(_sweep(gateway, certificates))
        await _until_told(reloading)
        server.close()
        await gateway.drain(draining_time(gateway.table.config.stop_grace))
        sweeper.cancel()


def _spare_the_collector() -> None:
    """Requests leave no cycles behind: what is here now stays, and a look for others can wait a while."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def build(config: GatewayConfig, stream: LogStream) -> Gateway:
    """A gateway with real time and chance."""
    nature = Nature(time.monotonic, random.random, random.getrandbits)
    registry = process_registry()
    registry.register(Tallies(report(stream)))
    measures = Measures(registry)
    name = config.project or f"{random.getrandbits(32):08x}"
    access = AccessLog(config.access_log, nature.dice, stream)
    answering = Answering(nature, measures, access, f"msctl-gateway.{name}".encode("ascii"))
    clients = max_connections(config)
    return Gateway(config, nature, measures, answering, clients, FileBudget(files_for_calls(clients)))


def max_connections(config: GatewayConfig) -> int:
    """How many clients fit into the open-file limit, which is raised as far as allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    upstream = min(hard // 4, FILES_FOR_CALLS)
    fitting = max(1, hard - RESERVED_FILES - upstream)
    return min(fitting, config.max_connections or MOST_CONNECTIONS)


def files_for_calls(clients: int) -> int:
    """How many connections to instances fit beside so many clients."""
    return max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_FILES - clients)


def _protocol(gateway: Gateway, certificates: Certificates | None) -> Callable[[], ClientConnection]:
    """Makes connections that know their scheme."""

    def make() -> ClientConnection:
        made = ClientConnection(gateway)
        made.scheme = "http" if certificates is None else "https"
        return made

    return make


async def listen(
    where: Listen, protocol: Callable[[], ClientConnection], certificates: Certificates | None = None
) -> asyncio.Server:
    """Accept clients at an address, by TLS where there is a certificate."""
    options: dict[str, Any] = {"backlog": BACKLOG, "reuse_address": True}
    if certificates is not None:
        options |= {"ssl": certificates.context, "ssl_handshake_timeout": HANDSHAKE_SECONDS}
    try:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, where.host, where.port, **options)
    except OSError as exc:
        raise ListenFailed(f"cannot listen on {where.host}:{where.port}: {exc.strerror or exc}") from exc
    _notice_the_dead(server)
    return server


def _notice_the_dead(server: asyncio.Server) -> None:
    """Clients that vanish without a word are found out; what is accepted inherits this from the listener."""
    for listener in server.sockets:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE.items():
            listener.setsockopt(socket.IPPROTO_TCP, option, value)


class Reloading:
    """Reads the document again, one reload at a time; an invalid one leaves the old in force."""

    def __init__(self, config_path: Path, gateway: Gateway, discovery: Discovery) -> None:
        self._path = config_path
        self._gateway = gateway
        self._discovery = discovery
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def reload(self) -> None:
        """Put the document in force; raises ManifestInvalid."""
        async with self._lock:
            config = await asyncio.to_thread(load, self._path)
            old = self._gateway.table.config
            if (config.listen, config.admin, config.tls) != (old.listen, old.admin, old.tls):
                _log.warning("listen, admin and the paths of tls change only with a restart")
            if config.project != old.project:
                _log.warning("project changes only with a restart")
            self._gateway.reconfigure(config, max_connections(config))
            await self._discovery.follow(self._gateway.table)
            _log.info("reloaded", extra={"routes": len(config.routes)})

    def on_signal(self) -> None:
        """SIGHUP: reload, and log what is wrong."""
        task = asyncio.get_running_loop().create_task(self._logged())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _logged(self) -> None:
        try:
            await self.reload()
        except ManifestInvalid as exc:
            found = [str(problem) for problem in exc.problems]
            _log.error("the new document is invalid, the old one stays", extra={"problems": found})


def draining_time(stop_grace: float) -> float:
    """What requests under way get of ``stop_grace``."""
    return stop_grace - min(GRACE_MARGIN, stop_grace / 4.0)


async def _serve_admin(stack: AsyncExitStack, where: Listen, admin: Admin) -> None:
    runner = web.AppRunner(admin.application(), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, where.host, where.port).start()
    except OSError as exc:
        raise ListenFailed(f"cannot listen on {where.host}:{where.port}: {exc.strerror or exc}") from exc


async def _sweep(gateway: Gateway, certificates: Certificates | None) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        gateway.sweep()
        if certificates is not None:
            certificates.refresh()


async def _until_told(reloading: Reloading) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_signal_handler(signal.SIGHUP, reloading.on_signal)
    _log.info("ready")
    await told.wait()
