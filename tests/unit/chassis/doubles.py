"""Doubles of what lies behind the chassis' ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from msctl.chassis.cloudevents import Event, render
from msctl.chassis.memory_store import MemoryStore, MemoryTransaction
from msctl.chassis.relay import EventRefused, EventUnroutable
from msctl.chassis.store import DatabaseUnavailable, Outgoing
from msctl.errors import BrokerError


def make_event(event_type: str, data: object, subject: str | None = None, key: str | None = None) -> Event:
    """An event with a predictable id."""
    return Event(f"id-{event_type}-{data}", "/shop/orders", event_type, data, None, subject, None, key)


class FlakyStore(MemoryStore):
    """Memory that is away for the next ``away`` transactions."""

    def __init__(self) -> None:
        super().__init__(make_event, lambda: None)
        self.away = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        if self.away:
            self.away -= 1
            raise DatabaseUnavailable("away")
        async with super().transaction() as transaction:
            yield transaction

    async def ping(self) -> None:
        if self.away:
            raise DatabaseUnavailable("connection refused")


@dataclass
class FakePublisher:
    """Confirms everything but the event types in ``refused``."""

    refused: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    unroutable: set[str] = field(default_factory=set)
    published: list[str] = field(default_factory=list)
    asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def ready(self) -> None:
        """Always there."""

    async def publish(self, entry: Outgoing) -> None:
        refused = entry.event_type in self.refused | self.forbidden | self.unroutable
        if not refused:
            self.published.append(entry.event_id)
        self.asked.put_nowait(entry.event_type)
        if entry.event_type in self.forbidden:
            raise EventRefused("forbidden")
        if entry.event_type in self.unroutable:
            raise EventUnroutable("no queue")
        if refused:
            raise BrokerError("refused")


@dataclass
class FakeDelivery:
    """One message and what was done with it."""

    body: bytes
    headers: Mapping[str, object] = field(default_factory=dict)
    forwarding_fails: bool = False
    published_as: str | None = None
    done: list[str] = field(default_factory=list)
    forwarded: list[tuple[str, Mapping[str, str | int]]] = field(default_factory=list)

    async def acknowledge(self) -> None:
        self.done.append("acknowledged")

    async def give_back(self) -> None:
        self.done.append("given back")

    async def forward(self, queue: str, headers: Mapping[str, str | int]) -> None:
        if self.forwarding_fails:
            raise BrokerError("broker away")
        self.forwarded.append((queue, headers))


def delivery(event_type: str = "payment.captured", tries: int = 0, event_id: str = "1") -> FakeDelivery:
    """A delivery of a well-formed event."""
    body = render(Event(event_id, "/shop/payments", event_type, {"order": "o-1"}))
    return FakeDelivery(body, {"x-msctl-tries": tries} if tries else {})


def types(entries: Sequence[Outgoing]) -> list[str]:
    """Event types in an outbox."""
    return [entry.event_type for entry in entries]
