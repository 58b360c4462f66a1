"""Parked events in Redis: a list for each key, and the keys in a set sorted by when their first is due."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from msctl.chassis.parking import Parked

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from redis.asyncio.client import Pipeline

    from msctl.chassis.cloudevents import Event
    from msctl.chassis.parking import Failure

LANE = "msctl:parked:"
DUE = "msctl:parked"
_LEAVE = """
redis.call('LPOP', KEYS[1])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
else redis.call('ZREM', KEYS[2], ARGV[1]) end
"""


def block(commands: Pipeline) -> None:
    """Collect from here on what runs at the commit; to be called again does nothing."""
    if not commands.explicit_transaction:
        commands.multi()  # type: ignore[no-untyped-call]


class RedisParking:
    """The port inside of one MULTI/EXEC: what is read is watched, so a rival's change fails the commit."""

    def __init__(self, commands: Pipeline, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._commands: Any = commands
        self._translated = translated

    async def occupied(self, key: str) -> bool:
        """Whether any event of ``key`` waits."""
        with self._translated():
            await self._commands.watch(LANE + key)
            return bool(await self._commands.exists(LANE + key))

    async def park(self, key: str, event: Event, body: bytes, failure: Failure | None) -> None:
        """Put ``event`` at the end of its lane."""
        tries, cause, wait = (failure.tries, failure.cause, failure.wait) if failure else (0, "", 0.0)
        block(self._commands)
        self._commands.rpush(LANE + key, _entry(event.identity, body, tries, cause))
        self._commands.zadd(DUE, {key: time.time() + wait}, nx=True)

    async def heads(self, limit: int) -> list[Parked]:
        """The first event of each lane."""
        found = []
        with self._translated():
            await self._commands.watch(DUE)
            now = time.time()
            for key, due in await self._commands.zrange(DUE, 0, limit - 1, withscores=True):
                text = await self._commands.lindex(LANE + key, 0)
                if text is not None:
                    found.append(_parked(key, str(text), due - now))
            await self._commands.unwatch()
        block(self._commands)
        return found

    async def lease(self, parked: Parked, seconds: float) -> bool:
        """Move its time on, if it is due still."""
        now = time.time()
        with self._translated():
            await self._commands.watch(DUE, LANE + parked.key)
            due = await self._commands.zscore(DUE, parked.key)
            first = await self._commands.lindex(LANE + parked.key, 0)
        block(self._commands)
        if due is None or due > now or first != parked.number:
            return False
        self._commands.zadd(DUE, {parked.key: now + seconds})
        return True

    async def postpone(self, parked: Parked, failure: Failure) -> None:
        """Note a failed try."""
        block(self._commands)
        entry = _entry(parked.identity, parked.body, failure.tries, failure.cause)
        self._commands.lset(LANE + parked.key, 0, entry)
        self._commands.zadd(DUE, {parked.key: time.time() + failure.wait})

    async def remove(self, parked: Parked) -> None:
        """It waits no more; the key of an empty lane leaves the set."""
        block(self._commands)
        self._commands.eval(_LEAVE, 2, LANE + parked.key, DUE, parked.key, time.time())


def _entry(identity: str, body: bytes, tries: int, cause: str) -> str:
    return json.dumps({"identity": identity, "body": body.decode(), "tries": tries, "cause": cause})


def _parked(key: str, text: str, wait: float) -> Parked:
    entry = json.loads(text)
    body = entry["body"].encode()
    return Parked(text, key, entry["identity"], body, entry["tries"], entry["cause"], wait)
