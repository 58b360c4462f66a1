"""Parked events in a table of a relational database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from msctl.chassis.parking import Parked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msctl.chassis.cloudevents import Event
    from msctl.chassis.parking import Failure

TABLE = "msctl_parked"
_HEADS = f"""
SELECT * FROM {TABLE} p
WHERE number = (SELECT min(o.number) FROM {TABLE} o WHERE o.order_key = p.order_key) ORDER BY due LIMIT %s
"""


class Statements(Protocol):
    """An open transaction of some engine."""

    park_insert: ClassVar[str]

    def placed(self, sql: str) -> str:
        """``sql``, whose placeholders are ``%s``, with those of the engine."""

    async def execute(self, sql: str, *arguments: object) -> int:
        """Run one statement; the number of rows it touched."""

    async def fetch_all(self, sql: str, *arguments: object) -> list[Mapping[str, Any]]:
        """The rows of a query."""


class SqlParking:
    """The port on SQL that PostgreSQL and MariaDB have in common; times are the service's own clock."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def occupied(self, key: str) -> bool:
        """Whether any event of ``key`` waits."""
        sql = f"SELECT 1 AS found FROM {TABLE} WHERE order_key = %s LIMIT 1"
        return bool(await self._statements.fetch_all(self._statements.placed(sql), key))

    async def park(self, key: str, event: Event, body: bytes, failure: Failure | None) -> None:
        """Put ``event`` at the end of its lane, unless it waits there already."""
        tries, cause, wait = (failure.tries, failure.cause, failure.wait) if failure else (0, "", 0.0)
        values = (key, event.identity, body, tries, cause, time.time() + wait)
        await self._statements.execute(self._statements.park_insert, *values)

    async def heads(self, limit: int) -> list[Parked]:
        """The first event of each lane."""
        rows = await self._statements.fetch_all(self._statements.placed(_HEADS), limit)
        now = time.time()
        return [
            Parked(
                row["number"], row["order_key"], row["event_key"], bytes(row["body"]), row["tries"],
                row["cause"], row["due"] - now,
            )
            for row in rows
        ]  # fmt: skip

    async def lease(self, parked: Parked, seconds: float) -> bool:
        """Move its time on, if it is due still."""
        now = time.time()
        sql = f"UPDATE {TABLE} SET due = %s WHERE number = %s AND due <= %s"
        return await self._run(sql, now + seconds, parked.number, now) == 1

    async def postpone(self, parked: Parked, failure: Failure) -> None:
        """Note a failed try."""
        sql = f"UPDATE {TABLE} SET tries = %s, cause = %s, due = %s WHERE number = %s"
        await self._run(sql, failure.tries, failure.cause, time.time() + failure.wait, parked.number)

    async def remove(self, parked: Parked) -> None:
        """It waits no more."""
        await self._run(f"DELETE FROM {TABLE} WHERE number = %s", parked.number)

    async def _run(self, sql: str, *arguments: object) -> int:
        return await self._statements.execute(self._statements.placed(sql), *arguments)
