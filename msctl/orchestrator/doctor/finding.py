"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and found; ``remedy`` says what to do unless all is well."""

    check: str
    level: Level
    found: str
    remedy: str | None = None


def well(check: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(check, "pass", found)
