"""Sliding windows over the outcomes of calls, by count or by time, with running sums."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Protocol

BUCKETS = 10
"""A time window moves in tenths of its length, so its memory does not grow with traffic."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums of one window: ``slow`` and ``failed`` count independently; ``cause`` is the commonest failure."""

    calls: int = 0
    failed: int = 0
    slow: int = 0
    cause: str | None = None

    @property
    def failure_rate(self) -> float:
        """Share of failed calls between 0 and 1, 0 for an empty window."""
        return self.failed / self.calls if self.calls else 0.0

    @property
    def slow_rate(self) -> float:
        """Share of slow calls between 0 and 1, 0 for an empty window."""
        return self.slow / self.calls if self.calls else 0.0


Counts = tuple[int, int, int]
"""Calls, failed ones, slow ones."""


class Window(Protocol):
    """Remembers recent outcomes; ``cause`` is None for a call that did not fail."""

    def record(self, now: float, slow: bool, cause: str | None) -> Counts:
        """Add one outcome at ``now`` (seconds, never going backwards); returns what is inside then."""

    def tally(self, now: float) -> Tally:
        """Sums of what is inside the window at ``now``."""


class CountWindow:
    """The last ``size`` outcomes; None stands for a quick success."""

    __slots__ = ("_causes", "_failed", "_outcomes", "_size", "_slow")

    def __init__(self, size: int) -> None:
        self._size = size
        self._outcomes: deque[tuple[bool, str | None] | None] = deque()
        self._failed = 0
        self._slow = 0
        self._causes: Counter[str] = Counter()

    def record(self, now: float, slow: bool, cause: str | None) -> Counts:  # noqa: ARG002
        """Add one outcome; the oldest leaves a full window."""
        outcomes = self._outcomes
        if len(outcomes) == self._size and (oldest := outcomes.popleft()) is not None:
            self._forget(*oldest)
        if not slow and cause is None:
            outcomes.append(None)
        else:
            outcomes.append((slow, cause))
            self._slow += slow
        if cause is not None:
            self._failed += 1
            self._causes[cause] += 1
        return len(outcomes), self._failed, self._slow

    def tally(self, now: float) -> Tally:  # noqa: ARG002
        """Sums of the window."""
        return Tally(len(self._outcomes), self._failed, self._slow, _commonest(self._causes))

    def _forget(self, slow: bool, cause: str | None) -> None:
        self._slow -= slow
        if cause is not None:
            self._failed -= 1
            self._causes[cause] -= 1
            if not self._causes[cause]:
                del self._causes[cause]


@dataclass(slots=True)
class _Bucket:
    number: int
    calls: int = 0
    failed: int = 0
    slow: int = 0
    causes: Counter[str] = field(default_factory=Counter)


class TimeWindow:
    """Outcomes of the last ``seconds``, kept in ten buckets."""

    __slots__ = ("_buckets", "_width")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / BUCKETS
        self._buckets: deque[_Bucket] = deque()

    def record(self, now: float, slow: bool, cause: str | None) -> Counts:
        """Add one outcome to the bucket of ``now``."""
        number = self._expire(now)
        if not self._buckets or self._buckets[-1].number != number:
            self._buckets.append(_Bucket(number))
        bucket = self._buckets[-1]
        bucket.calls += 1
        bucket.slow += slow
        if cause is not None:
            bucket.failed += 1
            bucket.causes[cause] += 1
        return self._counts()

    def _counts(self) -> Counts:
        buckets = self._buckets
        return sum(b.calls for b in buckets), sum(b.failed for b in buckets), sum(b.slow for b in buckets)

    def tally(self, now: float) -> Tally:
        """Sums of the buckets still inside the window."""
        self._expire(now)
        calls, failed, slow = self._counts()
        causes: Counter[str] = Counter()
        for bucket in self._buckets:
            causes.update(bucket.causes)
        return Tally(calls, failed, slow, _commonest(causes))

    def _expire(self, now: float) -> int:
        number = int(now / self._width)
        while self._buckets and self._buckets[0].number <= number - BUCKETS:
            self._buckets.popleft()
        return number


def _commonest(causes: Counter[str]) -> str | None:
    return max(causes, key=causes.__getitem__) if causes else None
