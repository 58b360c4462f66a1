"""The relay: carries committed events from the outbox to the broker."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from msctl.chassis.backoff import Backoff
from msctl.chassis.store import DatabaseUnavailable
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from msctl.chassis.store import Claim, Outgoing, Store

BATCH = 200
IDLE_SECONDS = 1.0
REFUSED_SECONDS = 60.0
FORGET_SECONDS = 3600.0
_log = logging.getLogger(__name__)


class EventRefused(BrokerError):
    """The broker lets this service publish, but not this type of event."""

    code = "event-refused"


class Publisher(Protocol):
    """Where the relay brings events."""

    async def ready(self) -> None:
        """Wait until the broker is there."""

    async def publish(self, entry: Outgoing) -> None:
        """Have the broker confirm one event; raises BrokerError when it is not known to be safe there.

        EventRefused means that it never will be, as the broker is set up now.
        """


class Relay:
    """Publishes the outbox in its order, one batch at a time; wakes at a commit, and looks by itself too."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        published: Callable[[str], None],
        backoff: Backoff | None = None,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._published = published
        self._backoff = backoff or Backoff()
        self._idle = idle
        self._woken = asyncio.Event()
        self._refused: dict[str, float] = {}

    def wake(self) -> None:
        """Look into the outbox at once."""
        self._woken.set()

    async def run(self) -> None:
        """Relay until cancelled."""
        failures = 0
        loop = asyncio.get_running_loop()
        forget_at = loop.time()
        while True:
            await self._publisher.ready()
            self._woken.clear()
            try:
                sent = await self.relay_once()
                if loop.time() >= forget_at:
                    forget_at = loop.time() + FORGET_SECONDS
                    await self._store.forget()
            except (BrokerError, DatabaseUnavailable) as error:
                failures += 1
                _log.warning("events wait in the outbox: %s", error)
                await asyncio.sleep(self._backoff.delay(failures))
                continue
            failures = 0
            if sent < BATCH:
                await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._idle):
                await self._woken.wait()

    def refused(self) -> tuple[str, ...]:
        """Types of events that the broker refused lately; they stay in the outbox and let others pass."""
        now = asyncio.get_running_loop().time()
        self._refused = {name: until for name, until in self._refused.items() if until > now}
        return tuple(self._refused)

    async def relay_once(self) -> int:
        """Publish one batch; how many events went out. What was confirmed is removed in any case."""
        async with self._store.claim(BATCH, self.refused()) as claim:
            outcomes = await asyncio.gather(
                *(self._deliver(claim, entry) for entry in claim.entries), return_exceptions=True
            )
        failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failed:
            raise failed[0]
        return len(outcomes)

    async def _deliver(self, claim: Claim, entry: Outgoing) -> None:
        try:
            await self._publisher.publish(entry)
        except EventRefused:
            self._refused[entry.event_type] = asyncio.get_running_loop().time() + REFUSED_SECONDS
            raise
        claim.delivered.append(entry)
        self._published(entry.event_type)
