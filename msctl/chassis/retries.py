"""What becomes of an event whose handler failed: a later try, or the dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRIES_HEADER = "x-msctl-tries"
CAUSE_HEADER = "x-msctl-cause"
LONGEST_CAUSE = 1000


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again later: ``queue`` gives the event back after ``wait`` seconds, its time-to-live."""

    queue: str
    tries: int
    wait: float


@dataclass(frozen=True, slots=True)
class Bury:
    """Give up: ``queue`` keeps the event and its cause for a person."""

    queue: str
    tries: int


def tries_so_far(headers: Mapping[str, object]) -> int:
    """Failed tries that an event's headers tell of; what is not a count is taken for none."""
    count = headers.get(TRIES_HEADER)
    return count if isinstance(count, int) and count > 0 else 0


def after_failure(service: str, failed_before: int, waits: tuple[str, ...]) -> Retry | Bury:
    """Where an event goes that failed again after ``failed_before`` failures: each wait once, then dead."""
    if failed_before < len(waits):
        wait = waits[failed_before]
        return Retry(f"{service}.retry.{wait}", failed_before + 1, seconds(wait))
    return bury(service, failed_before + 1)


def bury(service: str, tries: int) -> Bury:
    """The dead-letter queue of ``service``, for what no retry can help."""
    return Bury(f"{service}.dead", tries)


def seconds(wait: str) -> float:
    """``10s`` → 10.0, ``500ms`` → 0.5."""
    return float(wait.removesuffix("ms")) / 1000 if wait.endswith("ms") else float(wait.removesuffix("s"))


def cause_of(error: Exception) -> str:
    """An error as a dead letter tells it."""
    return f"{type(error).__name__}: {error}"[:LONGEST_CAUSE]


def headers_of(tries: int, cause: str) -> dict[str, str | int]:
    """What a retried or buried message says of its failures."""
    return {TRIES_HEADER: tries, CAUSE_HEADER: cause}
