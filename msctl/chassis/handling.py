"""The handlers of a service, each run in one transaction with the note that it saw the event."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msctl.chassis import context, spans
from msctl.chassis.cloudevents import EventInvalid, matches
from msctl.chassis.store import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from msctl.chassis.backoff import Backoff
    from msctl.chassis.cloudevents import Event
    from msctl.chassis.store import Store

HANDLER_SECONDS = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """``handle`` is called in a transaction for each event whose type matches ``pattern``."""

    pattern: str
    handle: Callable[[Event, Any], Awaitable[None]]


class NoHandler(EventInvalid):
    """The queue brought an event that no subscription of this service wants."""


class Handlers:
    """Chooses handlers by event type, and waits for the database as long as it takes."""

    def __init__(self, subscriptions: Sequence[Subscription], store: Store, backoff: Backoff) -> None:
        self._subscriptions = subscriptions
        self._store = store
        self._backoff = backoff

    async def handle(self, event: Event, transaction: Any) -> str:
        """Run every handler that wants ``event``, unless that was done before; the outcome in a word."""
        chosen = [known for known in self._subscriptions if matches(known.pattern, event.type)]
        if not chosen:
            raise NoHandler(f"no handler for events of type {event.type!r}")
        if not await transaction.first_time(event):
            return "duplicate"
        for subscription in chosen:
            await subscription.handle(event, transaction)
        return "handled"

    async def patiently(self, work: Callable[[Any], Awaitable[str]]) -> str:
        """What ``work`` returns for a transaction that committed; the database's absence is no failure."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(HANDLER_SECONDS), self._store.transaction() as transaction:
                    outcome = await work(transaction)
            except DatabaseUnavailable as error:
                failures += 1
                _log.warning("an event waits for the database: %s", error)
                await asyncio.sleep(self._backoff.delay(failures))
            else:
                return outcome


@contextmanager
def working_on(event: Event) -> Iterator[None]:
    """The context in which ``event`` is handled: its trace, of which this is a piece."""
    with context.working(context.received([event.traceparent] if event.traceparent else [])):
        begun = time.perf_counter()
        yield
        spans.done(f"event {event.type}", time.perf_counter() - begun)
