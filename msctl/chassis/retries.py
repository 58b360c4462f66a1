"""What becomes of an event whose handler failed: a later try, or the dead-letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TIERS = ("1s", "10s", "60s")
TRIES_HEADER = "x-msctl-tries"


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again later: ``queue`` gives the event back after its time-to-live."""

    queue: str
    tries: int


@dataclass(frozen=True, slots=True)
class Bury:
    """Give up: ``queue`` keeps the event and its cause for a person."""

    queue: str
    tries: int


def tries_so_far(headers: Mapping[str, object]) -> int:
    """Failed tries that an event's headers tell of; what is not a count is taken for none."""
    count = headers.get(TRIES_HEADER)
    return count if isinstance(count, int) and count > 0 else 0


def after_failure(service: str, failed_before: int, tiers: tuple[str, ...] = TIERS) -> Retry | Bury:
    """Where an event goes that failed again after ``failed_before`` failures: each tier once, then dead."""
    if failed_before < len(tiers):
        return Retry(f"{service}.retry.{tiers[failed_before]}", failed_before + 1)
    return bury(service, failed_before + 1)


def bury(service: str, tries: int) -> Bury:
    """The dead-letter queue of ``service``, for what no retry can help."""
    return Bury(f"{service}.dead", tries)
