"""When a failed attempt may be made again, and how many such attempts a service can afford."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
BUDGET_SECONDS = 10


def is_repeatable(method: str, has_idempotency_key: bool) -> bool:
    """Whether making the request twice means what making it once means (RFC 9110 9.2.2)."""
    return has_idempotency_key or method in IDEMPOTENT_METHODS


def backoff(attempt: int, dice: Callable[[], float], base: float = 0.01, limit: float = 0.25) -> float:
    """Seconds before retry number ``attempt`` (from 1): full jitter under a doubling ceiling."""
    return dice() * min(limit, base * 2.0 ** min(attempt, 16))


class RetryBudget:
    """Retries in any ten seconds stay under a share of the requests in them plus a few a second.

    Both are counted in whole seconds of the clock: requests over at most ten of them, retries over at
    least ten, so that wherever the ten seconds begin the bound holds.
    """

    def __init__(self, clock: Callable[[], float], share: float = 0.2, per_second: float = 3.0) -> None:
        self._clock = clock
        self._share = share
        self._floor = per_second * BUDGET_SECONDS
        self._requests = _Counter(BUDGET_SECONDS)
        self._retries = _Counter(BUDGET_SECONDS + 1)

    def count_request(self, now: float | None = None) -> None:
        """A new request came in, at ``now`` on the clock."""
        self._requests.add(int(self._clock() if now is None else now))

    def take(self) -> bool:
        """Take one retry out of the budget if it has one."""
        second = int(self._clock())
        allowed = self._share * self._requests.total(second) + self._floor
        if self._retries.total(second) + 1 > allowed:
            return False
        self._retries.add(second)
        return True


class _Counter:
    """How often something happened in the last ``seconds`` whole seconds, the present one included."""

    def __init__(self, seconds: int) -> None:
        self._length = seconds
        self._seconds: deque[list[int]] = deque()
        self._total = 0

    def add(self, second: int) -> None:
        if not self._seconds or self._seconds[-1][0] != second:
            self.total(second)
            self._seconds.append([second, 0])
        self._seconds[-1][1] += 1
        self._total += 1

    def total(self, second: int) -> int:
        while self._seconds and self._seconds[0][0] <= second - self._length:
            self._total -= self._seconds.popleft()[1]
        return self._total
