"""What a service does with an event that reached its queue: handle it once, try again later, or bury it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

from msctl.chassis.backoff import Backoff
from msctl.chassis.cloudevents import EventInvalid, matches, parse
from msctl.chassis.handling import working_on
from msctl.chassis.lanes import Lanes
from msctl.chassis.parking import Failure
from msctl.chassis.retries import Bury, Retry, after_failure, bury, cause_of, headers_of, tries_so_far
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msctl.chassis.cloudevents import Event
    from msctl.chassis.handling import Handlers

_log = logging.getLogger(__name__)


class Delivery(Protocol):
    """One message from the queue, until it is settled."""

    @property
    def body(self) -> bytes:
        """The rendered event."""

    @property
    def headers(self) -> Mapping[str, object]:
        """The message's headers."""

    @property
    def published_as(self) -> str | None:
        """The type that the broker let somebody publish; nothing where the service itself put it aside."""

    async def acknowledge(self) -> None:
        """The queue may forget the message."""

    async def give_back(self) -> None:
        """The queue shall deliver the message again."""

    async def forward(self, queue: str, headers: Mapping[str, str | int]) -> None:
        """Put a confirmed copy into ``queue``; raises BrokerError when that is not known to have worked."""


def check_type(event: Event, published_as: str | None) -> None:
    """Refuse an event whose publisher may not be allowed to publish it; raises EventInvalid.

    RabbitMQ checks the routing key alone, neither what the event says of itself nor the keys of a CC header.
    """
    if published_as is not None and published_as != event.type:
        raise EventInvalid(f"it says it is {event.type!r}, but was published as {published_as!r}")


class Subscriptions:
    """Settles deliveries; ``handled`` counts outcomes by event type.

    ``waits`` are those between tries; events whose type matches one of ``ordered`` keep the order of their
    key.
    """

    def __init__(
        self,
        service: str,
        handlers: Handlers,
        handled: Callable[[str, str], None],
        waits: tuple[str, ...],
        ordered: Sequence[str] = (),
        backoff: Backoff | None = None,
    ) -> None:
        self._service = service
        self._handlers = handlers
        self._handled = handled
        self._waits = waits
        self._ordered = ordered
        self._backoff = backoff or Backoff(first=0.2)
        self._lanes = Lanes()

    async def receive(self, delivery: Delivery) -> None:
        """Settle one delivery: acknowledged after the commit, or forwarded with its cause."""
        try:
            step = await self._outcome(delivery)
            if step is not None:
                where, error = step
                await delivery.forward(where.queue, headers_of(where.tries, cause_of(error)))
            await delivery.acknowledge()
        except BrokerError as error:
            _log.warning("an event will be delivered again: %s", error)
            await asyncio.sleep(self._backoff.delay(1))
            await delivery.give_back()

    async def _outcome(self, delivery: Delivery) -> tuple[Retry | Bury, Exception] | None:
        try:
            event = parse(delivery.body)
            check_type(event, delivery.published_as)
        except EventInvalid as error:
            return self._buried("unknown", delivery, error)
        key = self._key(event)
        with working_on(event):
            if key is None:
                return await self._handled_or_failed(event, delivery, None)
            async with self._lanes.turn(key):
                return await self._handled_or_failed(event, delivery, key)

    def _key(self, event: Event) -> str | None:
        """The lane of ``event``, nothing where no order is asked for."""
        return event.order_key if any(matches(p, event.type) for p in self._ordered) else None

    async def _handled_or_failed(
        self, event: Event, delivery: Delivery, key: str | None
    ) -> tuple[Retry | Bury, Exception] | None:
        async def work(transaction: Any) -> str:
            if key is not None and await transaction.parking.occupied(key):
                await transaction.parking.park(key, event, delivery.body, None)
                return "parked"
            return await self._handlers.handle(event, transaction)

        try:
            self._handled(event.type, await self._handlers.patiently(work))
        except EventInvalid as error:
            return self._buried(event.type, delivery, error)
        except Exception as error:
            return await self._failed(event, delivery, key, error)
        return None

    def _buried(self, event_type: str, delivery: Delivery, error: Exception) -> tuple[Bury, Exception]:
        _log.error("an event was buried: %s", error)
        self._handled(event_type, "dead")
        return bury(self._service, tries_so_far(delivery.headers)), error

    async def _failed(
        self, event: Event, delivery: Delivery, key: str | None, error: Exception
    ) -> tuple[Retry | Bury, Exception] | None:
        step = after_failure(self._service, tries_so_far(delivery.headers), self._waits)
        _log.error("a handler of %s failed, the event goes to %s", event.type, step.queue, exc_info=error)
        self._handled(event.type, "retry" if isinstance(step, Retry) else "dead")
        if key is None or isinstance(step, Bury):
            return step, error
        failure = Failure(step.tries, cause_of(error), step.wait)

        async def park(transaction: Any) -> str:
            await transaction.parking.park(key, event, delivery.body, failure)
            return "parked"

        await self._handlers.patiently(park)
        return None
