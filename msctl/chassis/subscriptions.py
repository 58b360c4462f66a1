"""What a service does with an event that reached its queue: handle it once, try again later, or bury it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from msctl.chassis import context
from msctl.chassis.backoff import Backoff
from msctl.chassis.cloudevents import EventInvalid, matches, parse
from msctl.chassis.retries import Bury, Retry, after_failure, bury, tries_so_far
from msctl.chassis.store import DatabaseUnavailable
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from msctl.chassis.cloudevents import Event
    from msctl.chassis.store import Store

HANDLER_SECONDS = 30.0
LONGEST_CAUSE = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """``handle`` is called in a transaction for each event whose type matches ``pattern``."""

    pattern: str
    handle: Callable[[Event, Any], Awaitable[None]]


class Delivery(Protocol):
    """One message from the queue, until it is settled."""

    @property
    def body(self) -> bytes:
        """The rendered event."""

    @property
    def headers(self) -> Mapping[str, object]:
        """The message's headers."""

    async def acknowledge(self) -> None:
        """The queue may forget the message."""

    async def give_back(self) -> None:
        """The queue shall deliver the message again."""

    async def forward(self, queue: str, headers: Mapping[str, str | int]) -> None:
        """Put a confirmed copy into ``queue``; raises BrokerError when that is not known to have worked."""


class NoHandler(EventInvalid):
    """The queue brought an event that no subscription of this service wants."""


class Subscriptions:
    """Runs the handlers of a service; ``handled`` counts outcomes by event type."""

    def __init__(
        self,
        service: str,
        subscriptions: Sequence[Subscription],
        store: Store,
        handled: Callable[[str, str], None],
        backoff: Backoff | None = None,
    ) -> None:
        self._service = service
        self._subscriptions = subscriptions
        self._store = store
        self._handled = handled
        self._backoff = backoff or Backoff(first=0.2)

    async def receive(self, delivery: Delivery) -> None:
        """Settle one delivery: acknowledged after the commit, or forwarded with its cause."""
        try:
            step = await self._outcome(delivery)
            if step is not None:
                await delivery.forward(step[0].queue, _headers(*step))
            await delivery.acknowledge()
        except BrokerError as error:
            _log.warning("an event will be delivered again: %s", error)
            await asyncio.sleep(self._backoff.delay(1))
            await delivery.give_back()

    async def _outcome(self, delivery: Delivery) -> tuple[Retry | Bury, Exception] | None:
        failed_before = tries_so_far(delivery.headers)
        event_type = "unknown"
        try:
            event = parse(delivery.body)
            event_type = event.type
            with context.working(context.received([event.traceparent] if event.traceparent else [])):
                outcome = await self._apply_patiently(event)
        except EventInvalid as error:
            _log.error("an event was buried: %s", error)
            self._handled(event_type, "dead")
            return bury(self._service, failed_before), error
        except Exception as error:
            step = after_failure(self._service, failed_before)
            _log.exception("a handler of %s failed, the event goes to %s", event_type, step.queue)
            self._handled(event_type, "retry" if isinstance(step, Retry) else "dead")
            return step, error
        self._handled(event_type, outcome)
        return None

    async def _apply_patiently(self, event: Event) -> str:
        """Wait for the database as long as it takes: its absence is no fault of the event."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(HANDLER_SECONDS):
                    return await self._apply(event)
            except DatabaseUnavailable as error:
                failures += 1
                _log.warning("an event waits for the database: %s", error)
                await asyncio.sleep(self._backoff.delay(failures))

    async def _apply(self, event: Event) -> str:
        chosen = [known for known in self._subscriptions if matches(known.pattern, event.type)]
        if not chosen:
            raise NoHandler(f"no handler for events of type {event.type!r}")
        async with self._store.transaction() as transaction:
            if not await transaction.first_time(event):
                return "duplicate"
            for subscription in chosen:
                await subscription.handle(event, transaction)
        return "handled"


def _headers(step: Retry | Bury, error: Exception) -> dict[str, str | int]:
    cause = f"{type(error).__name__}: {error}"[:LONGEST_CAUSE]
    return {"x-msctl-tries": step.tries, "x-msctl-cause": cause}
