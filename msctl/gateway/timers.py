"""Many time limits that are nearly all called off: one timer of the loop's for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICK = 0.004
"""Seconds; a limit may come late by two of them."""


class Limit:
    """Calls ``expired`` when its time is over; may be set again from there, unless ``off`` for good."""

    __slots__ = ("expired", "off", "slot")

    def __init__(self, expired: Callable[[], None]) -> None:
        self.expired = expired
        self.slot: int | None = None
        self.off = False


class Timers:
    """Lets limits expire at or just after a moment on ``clock``, never before it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._due: dict[int, dict[Limit, None]] = {}
        self._ticking = False

    def set(self, limit: Limit, at: float) -> None:
        """Let a limit that is not set expire at a moment."""
        slot = limit.slot = int(at / TICK) + 1
        due = self._due.get(slot)
        if due is None:
            due = self._due[slot] = {}
            if not self._ticking:
                self._tick()
        due[limit] = None

    def clear(self, limit: Limit) -> None:
        """Call a limit off, if it is set."""
        if limit.slot is not None:
            self._due[limit.slot].pop(limit, None)
            limit.slot = None

    def _tick(self) -> None:
        self._ticking = True
        asyncio.get_running_loop().call_later(TICK, self._expire)

    def _expire(self) -> None:
        now = int(self.clock() / TICK)
        for slot in sorted(slot for slot in self._due if slot <= now):
            due = self._due[slot]
            while due:
                limit, _ = due.popitem()
                limit.slot = None
                limit.expired()
            del self._due[slot]
        self._ticking = bool(self._due)
        if self._ticking:
            self._tick()
