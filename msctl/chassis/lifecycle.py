"""The life of a running service: listening at once, ready with its database, stopped without losing work."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from msctl.auth.asking import Credentials, TokenEndpoint
from msctl.auth.following import Follower, Published
from msctl.auth.trust import Trust
from msctl.auth.verifier import Expected
from msctl.chassis.asgi import Lifespan
from msctl.chassis.backoff import Backoff
from msctl.chassis.callee import circuit_document
from msctl.chassis.guard import Guard, warn_if_open
from msctl.chassis.metrics import Metrics
from msctl.chassis.migrations import read_migrations
from msctl.chassis.registration import Registration
from msctl.chassis.server import Route, application
from msctl.chassis.store import DatabaseUnavailable
from msctl.chassis.stores import open_store
from msctl.chassis.tokens import CallTokens
from msctl.chassis.vitals import Vitals
from msctl.labels import TOKENS_KEY
from msctl.registry.keywatch import KeyWatch
from msctl.registry.watch import CatalogWatch, Consul

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from msctl.chassis import asgi
    from msctl.chassis.callee import Callee
    from msctl.chassis.cloudevents import EventFactory
    from msctl.chassis.handling import Subscription
    from msctl.chassis.messaging import Messaging
    from msctl.chassis.settings import Settings

_DATABASE_STARTS = 5.0
"""Seconds that a database may take to start before waiting for it is worth a warning."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """``work`` is done every ``seconds``."""

    seconds: float
    work: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Declared:
    """Everything that a service's decorators declared."""

    migrations: Path | None
    routes: list[Route] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    periodic: list[Periodic] = field(default_factory=list)
    callees: list[Callee] = field(default_factory=list)
    mounted: asgi.Application | None = None


class Running:
    """One run of a service."""

    def __init__(self, settings: Settings, declared: Declared, make_event: EventFactory) -> None:
        self.metrics = Metrics()
        self.session: aiohttp.ClientSession | None = None
        self.store = open_store(settings.database_url, make_event, self._committed)
        self._settings = settings
        self._declared = declared
        self._vitals = Vitals(settings.instance, self.store)
        self.tokens: CallTokens | None = None
        self.guard: Guard | None = None
        self._messaging: Messaging | None = None
        self._registration: Registration | None = None
        self._lifespan = Lifespan(declared.mounted) if declared.mounted else None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def until_stopped(self) -> int:
        """Serve until a signal or a failure that no waiting can mend; the exit status."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._finish, 0)
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ttl_dns_cache=1))
        self.guard = guard = self._guard(self.session)
        warn_if_open(guard, [route.scope for route in self._declared.routes])
        app = application(
            self._settings.service,
            self._declared.routes,
            self._vitals,
            self.metrics,
            self._circuits,
            guard,
            self._declared.mounted,
        )
        # aiohttp waits this long for handlers to end, and then once more for them to be cancelled.
        grace = self._settings.stop_grace / 2
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", self._settings.port).start()  # noqa: S104
        for callee in self._declared.callees:
            self._follow(callee, self.session)
        self._start(self._begin())
        try:
            return await self._stopped
        finally:
            await self._stop(runner)
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)

    def _follow(self, callee: Callee, session: aiohttp.ClientSession) -> None:
        """Keep a callee's instances as the registry has them; without a registry DNS has to do."""
        if self._settings.registry_address is None:
            return
        consul = Consul(self._settings.registry_address, lambda: self._settings.registry_token)

        known: list[str | None] = [None]

        def reachable(trouble: str | None) -> None:
            if trouble and trouble != known[0]:
                _log.warning("instances of %s may have changed: %s", callee.name, trouble)
            known[0] = trouble

        watch = CatalogWatch(callee.name, consul, session, callee.use, reachable, time.monotonic)
        self._start(watch.run())

    def _guard(self, session: aiohttp.ClientSession) -> Guard | None:
        """What checks tokens, kept up to date; also where tokens for calls come from."""
        settings = self._settings.tokens
        if settings is None:
            return None
        if settings.token_url and settings.client_id and settings.client_secret:
            login = Credentials(settings.token_url, settings.client_id, settings.client_secret)
            self.tokens = CallTokens(TokenEndpoint(login, session, time.monotonic), time.monotonic)
        trust = Trust(Expected(settings.issuer, settings.audience))
        published = Published(settings.keys_url, settings.revoked_url)
        follower = Follower(trust, published, session, time.monotonic)
        self._start(follower.run())
        if self._settings.registry_address is not None:
            consul = Consul(self._settings.registry_address, lambda: self._settings.registry_token)
            self._start(KeyWatch(TOKENS_KEY, consul, session, follower.poke, time.monotonic).run())
        return Guard(trust, follower.refetch, time.time)

    def _circuits(self) -> list[dict[str, object]]:
        now = datetime.now(UTC)
        return [circuit_document(self._settings.service, callee, now) for callee in self._declared.callees]

    def _finish(self, status: int) -> None:
        if not self._stopped.done():
            self._stopped.set_result(status)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.critical("the service cannot go on: %s", error, exc_info=error)
            self._finish(1)

    async def _begin(self) -> None:
        """Get the database ready, then start everything that needs it."""
        await self._open_store()
        if self._lifespan is not None:
            await self._lifespan.begin()
        self._vitals.started = True
        if self._settings.registration == "self" and self._settings.registry_address and self.session:
            self._registration = Registration(self._settings, self.session, self._ready, Backoff())
            self._start(self._registration.run())
        if self._settings.broker_url:
            # aio-pika is imported only now, so that its import does not delay readiness.
            from msctl.chassis.messaging import Messaging  # noqa: PLC0415

            self._messaging = Messaging(
                self._settings,
                self._settings.broker_url,
                self._declared.subscriptions,
                self.store,
                self.metrics,
            )
            self._vitals.broker_causes = self._messaging.causes
            for work in self._messaging.work():
                self._start(work)
        for periodic in self._declared.periodic:
            self._start(self._repeat(periodic))
        _log.info("ready")

    async def _open_store(self) -> None:
        migrations = read_migrations(self._declared.migrations) if self._declared.migrations else ()
        backoff = Backoff(first=0.05, most=0.25)
        begun, failures, told = time.monotonic(), 0, (0, "")
        while True:
            try:
                await self.store.open(migrations)
            except DatabaseUnavailable as error:
                failures += 1
                usual = time.monotonic() - begun < _DATABASE_STARTS
                news = (logging.INFO if usual else logging.WARNING, error.message)
                if news != told:
                    _log.log(news[0], "waiting for the database: %s", error)
                told, self._vitals.start_cause = news, error.message
                await asyncio.sleep(backoff.delay(failures))
            else:
                return

    async def _repeat(self, periodic: Periodic) -> None:
        while True:
            # Jitter keeps replicas from doing it all at the same moment.
            await asyncio.sleep(periodic.seconds * (0.75 + random.random() / 2))  # noqa: S311
            try:
                await periodic.work()
            except DatabaseUnavailable as error:
                _log.warning("recurring work has to wait: %s", error)
            except Exception:
                _log.exception("recurring work failed, it is tried again in its time")

    async def _ready(self) -> bool:
        return (await self._vitals.composite()).status != "fail"

    def _committed(self) -> None:
        if self._messaging is not None:
            self._messaging.relay.wake()

    async def _stop(self, runner: web.AppRunner) -> None:
        """Leave the registry, finish requests and events that are under way, and close."""
        self._vitals.stopping = True
        _log.info("stopping")
        if self._registration is not None:
            await self._registration.leave()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stop_grace):
                await self._finish_work(runner)
                if self._lifespan is not None:
                    await self._lifespan.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.session is not None:
            await self.session.close()
        await self.store.close()

    async def _finish_work(self, runner: web.AppRunner) -> None:
        if self._messaging is None:
            await runner.cleanup()
            return
        await asyncio.gather(runner.cleanup(), self._messaging.drain())
        await self._messaging.flush()
