"""MariaDB behind the store port, by asyncmy."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import asyncmy
from asyncmy import errors
from asyncmy.constants.CLIENT import MULTI_STATEMENTS
from asyncmy.cursors import DictCursor

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
_MIGRATION_LOCK_SECONDS = 60
_SESSION = (
    "SET SESSION tx_isolation = 'READ-COMMITTED', sql_notes = 0,"
    " innodb_lock_wait_timeout = 5, idle_transaction_timeout = 15"
)
_TABLES = (
    f"""CREATE TABLE IF NOT EXISTS {schema.TABLE} (
    name VARCHAR(200) PRIMARY KEY, applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)""",
    """CREATE TABLE IF NOT EXISTS msctl_outbox (
    number BIGINT AUTO_INCREMENT PRIMARY KEY,
    event_id VARCHAR(200) NOT NULL, event_type VARCHAR(255) NOT NULL, body MEDIUMBLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS msctl_inbox (
    event_key VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    handled_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, INDEX (handled_at))""",
    """CREATE TABLE IF NOT EXISTS msctl_parked (
    number BIGINT AUTO_INCREMENT PRIMARY KEY,
    order_key VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    event_key VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
    body MEDIUMBLOB NOT NULL, tries INT NOT NULL, cause TEXT NOT NULL, due DOUBLE NOT NULL,
    INDEX (order_key, number))""",
    "CREATE TABLE IF NOT EXISTS msctl_relay (id INT PRIMARY KEY)",
    "INSERT INTO msctl_relay VALUES (1) ON DUPLICATE KEY UPDATE id = 1",
)
_APPEND = "INSERT INTO msctl_outbox (event_id, event_type, body) VALUES (%s, %s, %s)"
_OLDEST = "SELECT * FROM msctl_outbox WHERE event_type NOT IN %s ORDER BY number LIMIT %s"
_CLIENT_ERRORS = range(2000, 3000)
# too many connections, access denied (3), unknown database, shutdown, lock wait, deadlock, killed, idle
_AWAY_NUMBERS = frozenset({1040, 1044, 1045, 1698, 1049, 1053, 1205, 1213, 1927, 4031})


def _away(error: Exception) -> bool:
    if isinstance(error, (OSError, TimeoutError, errors.InterfaceError)):
        return True
    number = error.args[0] if error.args else None
    return isinstance(number, int) and (number in _CLIENT_ERRORS or number in _AWAY_NUMBERS)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, errors.MySQLError) as error:
        if _away(error):
            raise DatabaseUnavailable(
                f"MariaDB: {error.args[-1] if error.args else 'no answer in time'}"
            ) from error
        raise


class MariadbTransaction(OutboxTransaction):
    """One open transaction; placeholders are ``%s``."""

    inbox_insert = (
        "INSERT INTO msctl_inbox (event_key) VALUES (%s) ON DUPLICATE KEY UPDATE event_key = event_key"
    )

    park_insert = """INSERT INTO msctl_parked (order_key, event_key, body, tries, cause, due)
    VALUES (%s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE number = number"""

    async def insert_outgoing(self, rows: Sequence[tuple[str, str, bytes]]) -> None:
        """All rows in as few statements as fit into packets."""
        with _translated():
            async with self._connection.cursor() as cursor:
                await cursor.executemany(_APPEND, rows)

    def placed(self, sql: str) -> str:
        """The placeholders are ``%s``."""
        return sql

    async def execute(self, sql: str, *arguments: object) -> int:
        """Run one statement; the number of rows it changed."""
        with _translated():
            async with self._connection.cursor() as cursor:
                return int(await cursor.execute(sql, arguments or None))

    async def fetch_all(self, sql: str, *arguments: object) -> list[Mapping[str, Any]]:
        """The rows of a query."""
        with _translated():
            async with self._connection.cursor(DictCursor) as cursor:
                await cursor.execute(sql, arguments or None)
                return list(await cursor.fetchall())

    async def fetch_one(self, sql: str, *arguments: object) -> Mapping[str, Any] | None:
        """The first row of a query, or nothing."""
        rows = await self.fetch_all(sql, *arguments)
        return rows[0] if rows else None


class MariadbStore:
    """A pool for work, and one connection of its own for pings."""

    engine = "mariadb"

    def __init__(self, url: str, make_event: EventFactory, committed: Callable[[], None]) -> None:
        parts = urlsplit(url)
        self._address: dict[str, Any] = {
            "host": parts.hostname, "port": parts.port or 3306,
            "user": unquote(parts.username or ""), "password": unquote(parts.password or ""),
            "database": parts.path.lstrip("/"), "charset": "utf8mb4", "autocommit": True,
            "connect_timeout": CONNECT_SECONDS, "read_timeout": STATEMENT_SECONDS,
        }  # fmt: skip
        self._make_event = make_event
        self._committed = committed
        self._pool: Any = None
        self._probe: Any = None
        self._probing = asyncio.Lock()

    async def open(self, migrations: Sequence[schema.Migration]) -> None:
        """Connect and migrate under a named lock."""
        with _translated():
            # No read time-out: another replica's long migration is waited for.
            patient = self._address | {"read_timeout": None, "client_flag": MULTI_STATEMENTS}
            connection = await asyncmy.connect(**patient, init_command="SET SESSION sql_notes = 0")
            try:
                await self._migrate(connection, migrations)
            finally:
                connection.close()
            self._pool = await asyncmy.create_pool(
                minsize=0, maxsize=POOL_SIZE, init_command=_SESSION, **self._address
            )

    async def _migrate(self, connection: Any, migrations: Sequence[schema.Migration]) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute(
                "SELECT GET_LOCK(CONCAT(DATABASE(), '.migrations'), %s)", _MIGRATION_LOCK_SECONDS
            )
            if await cursor.fetchone() != (1,):
                raise DatabaseUnavailable("MariaDB: another instance has been migrating for a minute")
            for table in _TABLES:
                await cursor.execute(table)
            await cursor.execute(f"SELECT name FROM {schema.TABLE}")
            applied = {row[0] for row in await cursor.fetchall()}
            for migration in schema.pending(migrations, applied):
                await self._apply(cursor, migration)

    async def _apply(self, cursor: Any, migration: schema.Migration) -> None:
        try:
            await cursor.execute(migration.sql)
            while await cursor.nextset():
                pass
            await cursor.execute(f"INSERT INTO {schema.TABLE} (name) VALUES (%s)", migration.name)
        except errors.MySQLError as error:
            if _away(error):
                raise
            raise MigrationFailed(f"migration {migration.name} failed: {error.args[-1]}") from error

    async def ping(self) -> None:
        """Ask on the probe's own connection, so that a busy pool is not taken for a dead database."""
        with _translated():
            async with asyncio.timeout(PING_SECONDS), self._probing:
                try:
                    if self._probe is None or not self._probe.connected:
                        self._probe = await asyncmy.connect(**self._address)
                    await self._probe.ping(reconnect=False)
                except BaseException:
                    if self._probe is not None:
                        self._probe.close()
                        self._probe = None
                    raise

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MariadbTransaction]:
        """A transaction on a pooled connection."""
        if self._pool is None:
            raise DatabaseUnavailable("MariaDB: not connected yet")
        with _translated():
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await self._pool.acquire()
        try:
            with _translated():
                await connection.begin()
            transaction = MariadbTransaction(connection, self._make_event)
            yield transaction
            await transaction.write_outbox()
            with _translated():
                await connection.commit()
        except BaseException as error:
            await self._roll_back(connection, error)
            raise
        finally:
            self._pool.release(connection)
        if transaction.published:
            self._committed()

    async def _roll_back(self, connection: Any, error: BaseException) -> None:
        # After a cancellation the answer to a statement may still be on its way: the connection is unusable.
        if isinstance(error, Exception) and not isinstance(error, DatabaseUnavailable):
            try:
                await connection.rollback()
            except Exception:
                connection.close()
        else:
            connection.close()

    @asynccontextmanager
    async def claim(self, limit: int, without: Collection[str] = ()) -> AsyncIterator[Claim]:
        """The oldest entries, under the lock of the one row of ``msctl_relay``."""
        async with self.transaction() as transaction:
            await transaction.fetch_all("SELECT id FROM msctl_relay FOR UPDATE")
            rows = await transaction.fetch_all(_OLDEST, tuple(without) or ("",), limit)
            claim = Claim(
                [Outgoing(row["number"], row["event_id"], row["event_type"], row["body"]) for row in rows]
            )
            yield claim
            if claim.delivered:
                numbers = tuple(entry.number for entry in claim.delivered)
                await transaction.execute("DELETE FROM msctl_outbox WHERE number IN %s", numbers)

    async def forget(self) -> None:
        """Drop old inbox notes."""
        async with self.transaction() as transaction:
            await transaction.execute(
                "DELETE FROM msctl_inbox WHERE handled_at < NOW() - INTERVAL %s DAY", INBOX_DAYS
            )

    async def close(self) -> None:
        """Close the pool and the probe."""
        if self._probe is not None:
            self._probe.close()
        if self._pool is not None:
            self._pool.terminate()
            await self._pool.clear()
