"""Taking turns at the engine: a few at a time, the most urgent of those that wait first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Condition, Event

from msctl.errors import Interrupted

_LOOK = 0.1


class Turns:
    """At most ``most`` have a turn at once; ``stop`` sends away those that still wait.

    An engine that is asked for everything at once does everything slowly; what takes longest to boot
    afterwards had better be started first.
    """

    def __init__(self, most: int, stop: Event) -> None:
        self._free = most
        self._stop = stop
        self._numbers = count()
        self._waiting: list[tuple[int, int]] = []
        self._changed = Condition()

    @contextmanager
    def turn(self, urgency: int) -> Iterator[None]:
        """Wait for a turn, lower ``urgency`` first, then in order of asking. Raises ``Interrupted``."""
        self._take(urgency)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _take(self, urgency: int) -> None:
        with self._changed:
            mine = (urgency, next(self._numbers))
            heapq.heappush(self._waiting, mine)
            while not (self._free and self._waiting[0] == mine) and not self._stop.is_set():
                self._changed.wait(_LOOK)
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)
            if self._stop.is_set():
                raise Interrupted("stopped before its turn at the engine came")
            self._free -= 1
            self._changed.notify_all()
