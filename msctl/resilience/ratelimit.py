"""Rate limits per key, one number of memory for each key and a bound on the keys."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_KEYS = 10_000
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Rate:
    """``requests`` each ``seconds``, with up to ``burst`` at once."""

    requests: int
    seconds: float
    burst: int


class RateLimit:
    """Generic cell rate algorithm: remembers for each key when its next request would be on schedule."""

    def __init__(self, rate: Rate, clock: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        self._interval = rate.seconds / rate.requests
        self._tolerance = self._interval * max(0, rate.burst - 1)
        self._clock = clock
        self._max_keys = max_keys
        self._schedule: OrderedDict[str, float] = OrderedDict()

    def ask(self, key: str) -> float:
        """0 when the request is within the limit (and counted), else seconds to wait."""
        now = self._clock()
        due = max(self._schedule.get(key, now), now)
        early = due - now - self._tolerance
        if early > ROUNDING:
            return early
        self._schedule[key] = due + self._interval
        self._schedule.move_to_end(key)
        self._evict()
        return 0.0

    def _evict(self) -> None:
        while len(self._schedule) > self._max_keys:
            self._schedule.popitem(last=False)
