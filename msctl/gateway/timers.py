"""Many time limits that are nearly all called off: one timer of the loop's for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICK = 0.004
"""Seconds; a limit may come late by two of them."""

NEVER = float("inf")
_NO_SLOT = 1 << 60


def nothing() -> None:
    """Nobody waits any more."""


class Limit:
    """Calls ``expired`` when ``at`` has come; may be set again from there.

    It stays in its slot when it is called off or put off: who needs one again and again only changes ``at``.
    """

    __slots__ = ("at", "expired", "slot")

    def __init__(self) -> None:
        self.at = NEVER
        self.expired: Callable[[], None] = nothing
        self.slot = _NO_SLOT

    def clear(self) -> None:
        """Call it off, if it is set."""
        self.at = NEVER
        self.expired = nothing


class Timers:
    """Lets limits expire at or just after a moment on ``clock``, never before it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._due: dict[int, dict[Limit, None]] = {}
        self._next = _NO_SLOT

    @property
    def limits(self) -> int:
        """How many limits are set."""
        return sum(limit.at != NEVER for due in self._due.values() for limit in due)

    def set(self, limit: Limit, at: float, expired: Callable[[], None]) -> None:
        """Let a limit expire at a moment."""
        limit.at, limit.expired = at, expired
        if at < limit.slot * TICK - TICK:
            self._place(limit)

    def _place(self, limit: Limit) -> None:
        if limit.slot != _NO_SLOT:
            self._due[limit.slot].pop(limit, None)
        slot = limit.slot = int(limit.at / TICK) + 1
        self._due.setdefault(slot, {})[limit] = None
        if slot < self._next:
            self._wake_at(slot)

    def _wake_at(self, slot: int) -> None:
        self._next = slot
        seconds = max(TICK, slot * TICK - self.clock())
        asyncio.get_running_loop().call_later(seconds, self._expire, slot)

    def _expire(self, slot: int) -> None:
        if slot != self._next:
            return
        self._next = _NO_SLOT
        now = self.clock()
        for passed in sorted(slot for slot in self._due if slot * TICK <= now):
            for limit in self._due.pop(passed):
                limit.slot = _NO_SLOT
                self._look_at(limit, now)
        if self._due:
            self._wake_at(min(self._due))

    def _look_at(self, limit: Limit, now: float) -> None:
        if limit.at == NEVER:
            return
        if limit.at > now:
            self._place(limit)
            return
        expired = limit.expired
        limit.clear()
        expired()
