"""PostgreSQL behind the store port, by asyncpg."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import asyncpg

from msctl.chassis import migrations as schema
from msctl.chassis.store import (
    INBOX_DAYS,
    Claim,
    DatabaseUnavailable,
    MigrationFailed,
    OutboxTransaction,
    Outgoing,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence

    from msctl.chassis.cloudevents import EventFactory

CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 10.0
PING_SECONDS = 0.7
POOL_SIZE = 10
_LOCK = 7165026
_SESSION = {"idle_in_transaction_session_timeout": "15000", "lock_timeout": "5000"}
_TABLES = f"""
CREATE TABLE IF NOT EXISTS {schema.TABLE} (
    name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS msctl_outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL, event_type text NOT NULL, body bytea NOT NULL);
CREATE TABLE IF NOT EXISTS msctl_inbox (
    event_key text PRIMARY KEY, handled_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS msctl_inbox_handled_at ON msctl_inbox (handled_at);
CREATE TABLE IF NOT EXISTS msctl_parked (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_key text NOT NULL,
    event_key text NOT NULL UNIQUE, body bytea NOT NULL, tries int NOT NULL, cause text NOT NULL,
    due double precision NOT NULL);
CREATE INDEX IF NOT EXISTS msctl_parked_lane ON msctl_parked (order_key, number);
CREATE TABLE IF NOT EXISTS msctl_relay (id int PRIMARY KEY);
INSERT INTO msctl_relay VALUES (1) ON CONFLICT DO NOTHING;
"""
_APPEND = """INSERT INTO msctl_outbox (event_id, event_type, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])"""
_OLDEST = "SELECT * FROM msctl_outbox WHERE event_type <> ALL($2::text[]) ORDER BY number LIMIT $1"
_PLACE = re.compile("%s")
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.ReadOnlySQLTransactionError,
)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise DatabaseUnavailable(f"PostgreSQL: {str(error) or type(error).__name__}") from error
    except asyncpg.InterfaceError as error:
        # asyncpg has one class for a lost connection and for arguments that do not fit the statement.
        if "clos" in str(error):
            raise DatabaseUnavailable(f"PostgreSQL: {error}") from error
        raise


class PostgresTransaction(OutboxTransaction):
    """One open transaction; placeholders are ``$1``, ``$2``, …"""

    inbox_insert = "INSERT INTO msctl_inbox (event_key) VALUES ($1) ON CONFLICT DO NOTHING"
    park_insert = """INSERT INTO msctl_parked (order_key, event_key, body, tries, cause, due)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"""

    async def insert_outgoing(self, rows: Sequence[tuple[str, str, bytes]]) -> None:
        """All rows in one statement."""
        await self.execute(_APPEND, *(list(column) for column in zip(*rows, strict=True)))

    def placed(self, sql: str) -> str:
        """``%s``, ``%s`` → ``$1``, ``$2``."""
        number = count(1)
        return _PLACE.sub(lambda _: f"${next(number)}", sql)

    async def execute(self, sql: str, *arguments: object) -> int:
        """Run one statement; the number of rows it touched."""
        with _translated():
            tag: str = await self._connection.execute(sql, *arguments)
        touched = tag.rpartition(" ")[2]
        return int(touched) if touched.isdecimal() else 0

    async def fetch_all(self, sql: str, *arguments: object) -> list[Mapping[str, Any]]:
        """The rows of a query."""
        with _translated():
            rows: list[Mapping[str, Any]] = await self._connection.fetch(sql, *arguments)
        return rows

    async def fetch_one(self, sql: str, *arguments: object) -> Mapping[str, Any] | None:
        """The first row of a query, or nothing."""
        with _translated():
            row: Mapping[str, Any] | None = await self._connection.fetchrow(sql, *arguments)
        return row


class PostgresStore:
    """A pool for work, and one connection of its own for migrations and pings."""

    engine = "postgres"

    def __init__(self, url: str, make_event: EventFactory, committed: Callable[[], None]) -> None:
        self._url = url
        self._make_event = make_event
        self._committed = committed
        self._pool: Any = None
        self._probe: Any = None
        self._probing = asyncio.Lock()

    async def open(self, migrations: Sequence[schema.Migration]) -> None:
        """Connect and migrate under an advisory lock."""
        with _translated():
            self._probe = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS)
            await self._migrate(migrations)
            self._pool = await asyncpg.create_pool(
                self._url, min_size=0, max_size=POOL_SIZE, timeout=CONNECT_SECONDS,
                command_timeout=STATEMENT_SECONDS, server_settings=_SESSION,
            )  # fmt: skip

    async def _migrate(self, migrations: Sequence[schema.Migration]) -> None:
        await self._probe.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            async with self._probe.transaction():
                await self._probe.execute(_TABLES)
            rows = await self._probe.fetch(f"SELECT name FROM {schema.TABLE}")
            for migration in schema.pending(migrations, {row["name"] for row in rows}):
                await self._apply(migration)
        finally:
            if not self._probe.is_closed():
                await self._probe.execute("SELECT pg_advisory_unlock($1)", _LOCK)

    async def _apply(self, migration: schema.Migration) -> None:
        try:
            async with self._probe.transaction():
                await self._probe.execute(migration.sql)
                await self._probe.execute(f"INSERT INTO {schema.TABLE} VALUES ($1)", migration.name)
        except _AWAY:
            raise
        except asyncpg.PostgresError as error:
            raise MigrationFailed(f"migration {migration.name} failed: {error}") from error

    async def ping(self) -> None:
        """Ask on the probe's own connection, so that a busy pool is not taken for a dead database."""
        with _translated():
            async with asyncio.timeout(PING_SECONDS), self._probing:
                try:
                    if self._probe is None or self._probe.is_closed():
                        self._probe = await asyncpg.connect(self._url)
                    await self._probe.execute("SELECT 1")
                except BaseException:
                    if self._probe is not None:
                        self._probe.terminate()
                        self._probe = None
                    raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """A transaction on a pooled connection."""
        async with self._connection() as connection:
            under_way = connection.transaction()
            with _translated():
                await under_way.start()
            transaction = PostgresTransaction(connection, self._make_event)
            try:
                yield transaction
                await transaction.write_outbox()
            except BaseException:
                await self._roll_back(connection, under_way)
                raise
            with _translated():
                await under_way.commit()
        if transaction.published:
            self._committed()

    async def _roll_back(self, connection: Any, under_way: Any) -> None:
        try:
            await under_way.rollback()
        except Exception:
            # What cannot roll back must not return to the pool; one that was lost has left it already.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        if self._pool is None:
            raise DatabaseUnavailable("PostgreSQL: not connected yet")
        with _translated():
            connection = await self._pool.acquire(timeout=CONNECT_SECONDS)
        try:
            yield connection
        finally:
            with _translated():
                await self._pool.release(connection, timeout=CONNECT_SECONDS)

    @asynccontextmanager
    async def claim(self, limit: int, without: Collection[str] = ()) -> AsyncIterator[Claim]:
        """The oldest entries, under the lock of the one row of ``msctl_relay``."""
        async with self.transaction() as transaction:
            await transaction.execute("SELECT id FROM msctl_relay FOR UPDATE")
            rows = await transaction.fetch_all(_OLDEST, limit, list(without))
            claim = Claim(
                [Outgoing(row["number"], row["event_id"], row["event_type"], row["body"]) for row in rows]
            )
            yield claim
            numbers = [entry.number for entry in claim.delivered]
            await transaction.execute("DELETE FROM msctl_outbox WHERE number = ANY($1)", numbers)

    async def forget(self) -> None:
        """Drop old inbox notes."""
        async with self.transaction() as transaction:
            await transaction.execute(
                "DELETE FROM msctl_inbox WHERE handled_at < now() - make_interval(days => $1)", INBOX_DAYS
            )

    async def close(self) -> None:
        """Close the pool and the probe."""
        for resource in (self._pool, self._probe):
            if resource is not None:
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        await resource.close()
                except _AWAY:
                    resource.terminate()
