"""The health of a service: what fails it, what only worries it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msctl.chassis.store import DatabaseUnavailable
from msctl.telemetry.health import Check, Health, compose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msctl.chassis.store import Store

STARTING = "starting: the database has not answered yet"


def _now() -> datetime:
    return datetime.now(UTC)


def database_check(engine: str, cause: str | None, now: datetime) -> Check:
    """A service without its own database cannot work."""
    return Check(engine, "connection", "datastore", "fail" if cause else "pass", now, cause)


def broker_check(causes: Sequence[str | None], now: datetime) -> Check:
    """A service without the broker can: its events wait in the outbox."""
    known = list(dict.fromkeys(cause for cause in causes if cause))
    return Check(
        "rabbitmq", "connection", "component", "warn" if known else "pass", now, "; ".join(known) or None
    )


class Vitals:
    """Answers the health questions; ``started`` and ``stopping`` are set by the service's lifecycle."""

    def __init__(self, service_id: str, store: Store, clock: Callable[[], datetime] = _now) -> None:
        self.started = False
        self.stopping = False
        self.start_cause: str | None = None
        self.broker_causes: Callable[[], Sequence[str | None]] | None = None
        self._service_id = service_id
        self._store = store
        self._clock = clock
        self._asking: asyncio.Task[str | None] | None = None

    async def composite(self) -> Health:
        """The whole: the database's state decides, the broker's is a warning."""
        checks = [database_check(self._store.engine, await self._database_cause(), self._clock())]
        if self.broker_causes is not None:
            checks.append(broker_check(self.broker_causes(), self._clock()))
        health = compose(self._service_id, checks)
        if self.stopping:
            return Health(self._service_id, "fail", health.checks, "stopping")
        return health

    def alive(self) -> Health:
        """That this process answers is all there is to it."""
        return Health(self._service_id, "pass")

    async def _database_cause(self) -> str | None:
        """Asked once for all who want to know at the same time: many questions are no load."""
        if not self.started:
            return self.start_cause or STARTING
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> str | None:
        try:
            await self._store.ping()
        except DatabaseUnavailable as error:
            return error.message
        return None
