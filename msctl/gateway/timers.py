"""Many time limits that are nearly all called off: one timer of the loop's for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TICK = 0.004
"""Seconds; a limit may come late by two of them."""

Expire = Callable[[], None]


class Timers:
    """Calls back at or just after a moment on ``clock``, never before it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: dict[int, dict[object, Expire]] = {}
        self._ticking = False

    def set(self, owner: object, seconds: float, expire: Expire) -> int:
        """Call ``expire`` after ``seconds``; returns what ``clear`` needs."""
        slot = int((self._clock() + seconds) / TICK) + 1
        due = self._due.get(slot)
        if due is None:
            due = self._due[slot] = {}
            if not self._ticking:
                self._tick()
        due[owner] = expire
        return slot

    def clear(self, owner: object, slot: int) -> None:
        """Call it off, if it has not expired."""
        due = self._due.get(slot)
        if due is not None:
            due.pop(owner, None)

    def _tick(self) -> None:
        self._ticking = True
        asyncio.get_running_loop().call_later(TICK, self._expire)

    def _expire(self) -> None:
        now = int(self._clock() / TICK)
        for slot in sorted(slot for slot in self._due if slot <= now):
            due = self._due[slot]
            while due:
                due.pop(next(iter(due)))()
            del self._due[slot]
        self._ticking = bool(self._due)
        if self._ticking:
            self._tick()
