"""The port behind which a service's own database lies, with the outbox and inbox kept in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from msctl.chassis.cloudevents import render
from msctl.chassis.sql_parking import SqlParking
from msctl.errors import MsctlError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from msctl.chassis.cloudevents import Event, EventFactory
    from msctl.chassis.migrations import Migration
    from msctl.chassis.parking import Parking

INBOX_DAYS = 7
"""How long a handled event is remembered; a copy that comes later than this is handled again."""


class DatabaseUnavailable(MsctlError):
    """The service's own database does not answer; the same work may succeed later."""

    code = "database-unavailable"


class MigrationFailed(MsctlError):
    """A migration's SQL was refused; the message names its file."""

    code = "migration-failed"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event in the outbox: ``number`` is its place there, ``body`` the rendered CloudEvent."""

    number: int | str
    event_id: str
    event_type: str
    body: bytes


@dataclass(slots=True)
class Claim:
    """Outbox entries that this process alone may publish now; those in ``delivered`` are then removed."""

    entries: Sequence[Outgoing]
    delivered: list[Outgoing] = field(default_factory=list)


class Transaction(Protocol):
    """What every transaction can do, whatever the database."""

    @property
    def parking(self) -> Parking:
        """Where events wait whose key has one that is to be tried again; for the chassis itself."""

    async def publish(
        self, event_type: str, data: object, *, subject: str | None = None, key: str | None = None
    ) -> Event:
        """Publish an event if, and only if, this transaction commits.

        Events with one ``key`` (one ``subject``, where there is no key) reach subscribers that ask for order
        in the order in which they were published by transactions that exclude each other.
        """

    async def first_time(self, event: Event) -> bool:
        """Note ``event`` as handled, before anything else is done; false when an earlier transaction did."""


class SqlTransaction(Transaction, Protocol):
    """A transaction of a relational database; SQL has the engine's own placeholders (``$1`` or ``%s``)."""

    async def execute(self, sql: str, *arguments: object) -> int:
        """Run one statement; the number of rows it touched."""

    async def fetch_all(self, sql: str, *arguments: object) -> list[Mapping[str, Any]]:
        """The rows of a query."""

    async def fetch_one(self, sql: str, *arguments: object) -> Mapping[str, Any] | None:
        """The first row of a query, or nothing."""


class OutboxTransaction(ABC):
    """What open transactions of relational databases share: outbox and inbox are tables of theirs."""

    inbox_insert: ClassVar[str]
    """Takes an event's identity, and touches a row only if there was none."""

    def __init__(self, connection: Any, make_event: EventFactory) -> None:
        self._connection = connection
        self._make_event = make_event
        self._outgoing: list[Event] = []

    park_insert: ClassVar[str]
    """Takes what ``Parked`` has; does nothing when the event waits already."""

    @abstractmethod
    def placed(self, sql: str) -> str:
        """``sql``, whose placeholders are ``%s``, with those of the engine."""

    @abstractmethod
    async def execute(self, sql: str, *arguments: object) -> int:
        """Run one statement; the number of rows it touched."""

    @abstractmethod
    async def fetch_all(self, sql: str, *arguments: object) -> list[Mapping[str, Any]]:
        """The rows of a query."""

    @property
    def parking(self) -> SqlParking:
        """Events that wait, in a table."""
        return SqlParking(self)

    async def publish(
        self, event_type: str, data: object, *, subject: str | None = None, key: str | None = None
    ) -> Event:
        """Put an event into the outbox, at the commit together with all others of this transaction."""
        event = self._make_event(event_type, data, subject, key)
        self._outgoing.append(event)
        return event

    @property
    def published(self) -> int:
        """How many events it publishes."""
        return len(self._outgoing)

    async def write_outbox(self) -> None:
        """What has to be done right before the commit; one statement, however many events there are."""
        if self._outgoing:
            await self.insert_outgoing([(event.id, event.type, render(event)) for event in self._outgoing])

    @abstractmethod
    async def insert_outgoing(self, rows: Sequence[tuple[str, str, bytes]]) -> None:
        """Append id, type and body of events to the outbox."""

    async def first_time(self, event: Event) -> bool:
        """Put ``event`` into the inbox; false when it was there."""
        return await self.execute(self.inbox_insert, event.identity) == 1


class RedisTransaction(Transaction, Protocol):
    """A MULTI/EXEC block."""

    @property
    def commands(self) -> Any:
        """redis-py's pipeline: what is called on it runs at the commit, together."""


class Store(Protocol):
    """A service's database. Everything but MigrationFailed and errors in SQL is DatabaseUnavailable."""

    @property
    def engine(self) -> str:
        """What kind of database it is, as health names it."""

    async def open(self, migrations: Sequence[Migration]) -> None:
        """Connect and bring the schema up to date, alone among all replicas; can be called again."""

    async def ping(self) -> None:
        """Ask the database for a sign of life, within a second."""

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """A transaction that commits at the end of the block and rolls back on any exception."""

    def claim(self, limit: int, without: Collection[str] = ()) -> AbstractAsyncContextManager[Claim]:
        """The oldest outbox entries but those of the types ``without``, while no other process has any."""

    async def forget(self) -> None:
        """Drop inbox notes older than INBOX_DAYS."""

    async def close(self) -> None:
        """Close all connections."""
