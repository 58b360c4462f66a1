"""Redis behind the store port, by redis-py.

A transaction is one MULTI/EXEC, so effects, outbox and inbox change together or not at all. It is weaker than
a relational database: nothing can be read inside it, and what Redis had not yet written to its append-only
file (a second's worth by default) is lost when the server itself dies.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from redis import exceptions
from redis.asyncio import Redis

from msctl.chassis.cloudevents import render
from msctl.chassis.redis_parking import RedisParking, block
from msctl.chassis.store import INBOX_DAYS, Claim, DatabaseUnavailable, Outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence

    from redis.asyncio.client import Pipeline

    from msctl.chassis.cloudevents import Event, EventFactory
    from msctl.chassis.migrations import Migration

CONNECT_SECONDS = 3.0
PING_SECONDS = 0.7
RELAY_LOCK_SECONDS = 15
POOL_SIZE = 20
OUTBOX = "msctl:outbox"
INBOX = "msctl:inbox:"
RELAY = "msctl:relay"
_AWAY = (OSError, TimeoutError, exceptions.ConnectionError, exceptions.TimeoutError,
         exceptions.BusyLoadingError, exceptions.WatchError)  # fmt: skip


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise DatabaseUnavailable(f"Redis: {str(error) or type(error).__name__}") from error


class RedisTransaction:
    """Collects ``commands`` that run together at its end."""

    def __init__(self, commands: Pipeline, make_event: EventFactory) -> None:
        self.commands = commands
        self._make_event = make_event
        self.published = 0

    @property
    def parking(self) -> RedisParking:
        """Events that wait, in a list for each key."""
        return RedisParking(self.commands, _translated)

    async def publish(
        self, event_type: str, data: object, *, subject: str | None = None, key: str | None = None
    ) -> Event:
        """Append an event to the outbox."""
        event = self._make_event(event_type, data, subject, key)
        entry = {"id": event.id, "type": event.type, "body": render(event).decode()}
        self.commands.rpush(OUTBOX, json.dumps(entry))
        self.published += 1
        return event

    async def first_time(self, event: Event) -> bool:
        """Note ``event``; a second delivery handled at the same moment fails the commit of one of the two."""
        key = INBOX + event.identity
        with _translated():
            await self.commands.watch(key)
            known = await self.commands.exists(key)
        block(self.commands)
        if known:
            return False
        self.commands.set(key, "", ex=INBOX_DAYS * 86400)
        return True


class RedisStore:
    """``reading`` gives the plain client; transactions write."""

    engine = "redis"

    def __init__(self, url: str, make_event: EventFactory, committed: Callable[[], None]) -> None:
        self._make_event = make_event
        self._committed = committed
        limits: dict[str, Any] = {
            "socket_timeout": CONNECT_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
        }
        self.client: Redis = Redis.from_url(url, decode_responses=True, max_connections=POOL_SIZE, **limits)
        limits = {"socket_timeout": PING_SECONDS, "socket_connect_timeout": PING_SECONDS}
        self._probe: Redis = Redis.from_url(url, max_connections=2, **limits)

    async def open(self, migrations: Sequence[Migration]) -> None:  # noqa: ARG002
        """Connect; Redis has no schema."""
        await self.ping()

    async def ping(self) -> None:
        """Ask on a connection of its own."""
        with _translated():
            await self._probe.execute_command("PING")  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Redis]:
        """redis-py's client, outside of any transaction."""
        with _translated():
            yield self.client

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[RedisTransaction]:
        """A MULTI/EXEC block; nothing is sent before its end."""
        async with self.client.pipeline(transaction=True) as commands:
            transaction = RedisTransaction(commands, self._make_event)
            yield transaction
            with _translated():
                await commands.execute()
        if transaction.published:
            self._committed()

    @asynccontextmanager
    async def claim(self, limit: int, without: Collection[str] = ()) -> AsyncIterator[Claim]:
        """The oldest entries, under a lock that expires should its holder hang."""
        with _translated():
            lock = self.client.lock(RELAY, timeout=RELAY_LOCK_SECONDS, blocking=False)
            if not await lock.acquire():
                yield Claim(())
                return
            texts = [str(text) for text in await self.client.lrange(OUTBOX, 0, limit - 1)]
        entries = [Outgoing(text, document["id"], document["type"], document["body"].encode())
                   for text, document in ((text, json.loads(text)) for text in texts)]  # fmt: skip
        claim = Claim([entry for entry in entries if entry.event_type not in without])
        try:
            yield claim
        finally:
            with _translated():
                await self._finish(claim, lock)

    async def _finish(self, claim: Claim, lock: Any) -> None:
        async with self.client.pipeline(transaction=True) as commands:
            for entry in claim.delivered:
                commands.lrem(OUTBOX, 1, str(entry.number))
            await commands.execute()
        with suppress(exceptions.LockError):
            await lock.release()

    async def forget(self) -> None:
        """Inbox notes expire by themselves."""

    async def close(self) -> None:
        """Close all connections."""
        for client in (self.client, self._probe):
            await client.aclose()
