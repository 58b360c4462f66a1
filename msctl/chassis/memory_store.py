"""The store of a service without a database, and the double for tests: everything dies with the process.

Its weaker guarantee: an event published but not yet delivered to the broker is lost with the process,
and a copy of an event that arrives after a restart is handled again.
"""

from __future__ import annotations

from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from msctl.chassis.cloudevents import render
from msctl.chassis.memory_parking import Lanes, MemoryParking
from msctl.chassis.store import Claim, DatabaseUnavailable, Outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from msctl.chassis.cloudevents import Event, EventFactory
    from msctl.chassis.migrations import Migration

LONGEST_OUTBOX = 10_000
LONGEST_INBOX = 100_000


@dataclass(slots=True)
class MemoryTransaction:
    """Collects what a block does, for the commit."""

    make_event: EventFactory
    known: frozenset[str] | dict[str, None]
    parking: MemoryParking
    published: list[Event] = field(default_factory=list)
    handled: list[str] = field(default_factory=list)

    async def publish(
        self, event_type: str, data: object, *, subject: str | None = None, key: str | None = None
    ) -> Event:
        """Publish at commit."""
        event = self.make_event(event_type, data, subject, key)
        self.published.append(event)
        return event

    async def first_time(self, event: Event) -> bool:
        """Whether this process has not handled ``event`` yet."""
        if event.identity in self.known:
            return False
        self.handled.append(event.identity)
        return True


class MemoryStore:
    """Outbox and inbox in bounded memory; a full outbox refuses transactions that publish."""

    engine = "memory"

    def __init__(self, make_event: EventFactory, committed: Callable[[], None]) -> None:
        self._make_event = make_event
        self._committed = committed
        self._inbox: dict[str, None] = {}
        self.outbox: deque[Outgoing] = deque()
        self._lanes: Lanes = {}

    async def open(self, migrations: Sequence[Migration]) -> None:
        """There is nothing to open."""

    async def ping(self) -> None:
        """Memory always answers."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        """A transaction whose effects appear together at its end."""
        transaction = MemoryTransaction(self._make_event, self._inbox, MemoryParking(self._lanes))
        yield transaction
        if transaction.published and len(self.outbox) >= LONGEST_OUTBOX:
            raise DatabaseUnavailable("the outbox in memory is full, because the broker is away")
        for event in transaction.published:
            self.outbox.append(Outgoing(event.id, event.id, event.type, render(event)))
        transaction.parking.commit()
        self._inbox.update(dict.fromkeys(transaction.handled))
        while len(self._inbox) > LONGEST_INBOX:
            del self._inbox[next(iter(self._inbox))]
        if transaction.published:
            self._committed()

    @asynccontextmanager
    async def claim(self, limit: int, without: Collection[str] = ()) -> AsyncIterator[Claim]:
        """The oldest entries."""
        wanted = (entry for entry in self.outbox if entry.event_type not in without)
        claim = Claim(tuple(islice(wanted, limit)))
        try:
            yield claim
        finally:
            for entry in claim.delivered:
                self.outbox.remove(entry)

    async def forget(self) -> None:
        """The inbox is bounded by its length."""

    async def close(self) -> None:
        """There is nothing to close."""
