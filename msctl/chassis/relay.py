"""The relay: carries committed events from the outbox to the broker."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from msctl.chassis.backoff import Backoff
from msctl.chassis.store import DatabaseUnavailable
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from msctl.chassis.store import Claim, Outgoing, Store

BATCH = 500
IDLE_SECONDS = 1.0
REFUSED_SECONDS = 60.0
HOLD_SECONDS = 3.0
HOMELESS_SECONDS = 60.0
RECENT_SECONDS = 120.0
FORGET_SECONDS = 3600.0
_log = logging.getLogger(__name__)


class EventRefused(BrokerError):
    """The broker lets this service publish, but not this type of event."""

    code = "event-refused"


class EventUnroutable(BrokerError):
    """The broker has no queue for this type of event."""

    code = "event-unroutable"


class Publisher(Protocol):
    """Where the relay brings events."""

    async def ready(self) -> None:
        """Wait until the broker is there."""

    async def publish(self, entry: Outgoing) -> None:
        """Have the broker confirm one event; raises BrokerError when it is not known to be safe there.

        EventRefused and EventUnroutable mean that it never will be, as the broker is set up now.
        """


@dataclass(frozen=True, slots=True)
class _Homeless:
    """No queue took a type of event from ``since`` to ``last``."""

    since: float
    last: float

    def is_recent(self) -> bool:
        return _now() - self.last < RECENT_SECONDS


class Relay:
    """Publishes the outbox in its order, one batch at a time; wakes at a commit, and looks by itself too."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        published: Callable[[str], None],
        unroutable: Callable[[str], None],
        backoff: Backoff | None = None,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._published = published
        self._unroutable = unroutable
        self._backoff = backoff or Backoff()
        self._idle = idle
        self._woken = asyncio.Event()
        self._refused: dict[str, float] = {}
        self._held: dict[str, float] = {}
        self._homeless: dict[str, _Homeless] = {}

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
        """Types of events that the broker refused lately."""
        self._refused = _still(self._refused)
        return tuple(self._refused)

    def homeless(self) -> tuple[str, ...]:
        """Types of events that no queue took lately."""
        self._homeless = {name: tried for name, tried in self._homeless.items() if tried.is_recent()}
        return tuple(self._homeless)

    def _passed_over(self) -> tuple[str, ...]:
        """Types that stay in the outbox for now and let others pass."""
        self._held = _still(self._held)
        return (*self.refused(), *self._held)

    async def relay_once(self) -> int:
        """Publish one batch; how many events went out. What was confirmed is removed in any case."""
        async with self._store.claim(BATCH, self._passed_over()) as claim:
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
            self._refused[entry.event_type] = _now() + REFUSED_SECONDS
            raise
        except EventUnroutable:
            self._without_queue(claim, entry)
            return
        self._homeless.pop(entry.event_type, None)
        claim.delivered.append(entry)
        self._published(entry.event_type)

    def _without_queue(self, claim: Claim, entry: Outgoing) -> None:
        """Hold it: its queue may be on its way. What nobody takes for a minute has no subscriber: drop it."""
        tried = self._homeless.get(entry.event_type)
        since = tried.since if tried is not None and tried.is_recent() else _now()
        self._homeless[entry.event_type] = _Homeless(since, _now())
        if _now() - since < HOMELESS_SECONDS:
            self._held[entry.event_type] = _now() + HOLD_SECONDS
            return
        _log.error("event %s was dropped: no service subscribes to %s", entry.event_id, entry.event_type)
        claim.delivered.append(entry)
        self._unroutable(entry.event_type)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _still(until: Mapping[str, float]) -> dict[str, float]:
    now = _now()
    return {name: end for name, end in until.items() if end > now}
