"""How long a call may take, and what of that one attempt gets."""

from __future__ import annotations

from typing import NamedTuple

LONGEST_CALLER_TIMEOUT_MS = 86_400_000


class Deadline(NamedTuple):
    """A moment on the injected clock after which the answer is of no use."""

    at: float

    def remaining(self, now: float) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - now)

    def sooner(self, seconds: float | None, now: float) -> Deadline:
        """The nearer of this deadline and ``seconds`` from ``now``."""
        return self if seconds is None else Deadline(min(self.at, now + seconds))


def attempt_timeout(remaining: float, can_retry: bool, usual: float = 0.0) -> float:
    """Seconds until another attempt is better than more patience; all that remains if none can follow.

    Half of the rest, but not less than half as long again as answers ``usual``ly take: what is merely slow
    must not be asked twice. Without an experience of the service ``usual`` is 0.
    """
    if not can_retry:
        return remaining
    return min(remaining, max(remaining / 2.0, usual * 1.5))


def caller_timeout(value: str | None) -> float | None:
    """Seconds that an ``X-Timeout-Ms`` header asks for; None when it is absent or no sane number."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > len("86400000"):
        return None
    milliseconds = int(value)
    return milliseconds / 1000.0 if milliseconds <= LONGEST_CALLER_TIMEOUT_MS else None


def timeout_ms(remaining: float) -> int:
    """What is left for the next hop in milliseconds, at least one."""
    return int(remaining * 1000.0) or 1


def timeout_header(remaining: float) -> str:
    """The value of ``X-Timeout-Ms`` for the next hop."""
    return str(timeout_ms(remaining))
