"""Health of one part of a project in detail: values, to be shown and to be printed as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from msctl.model.status import Health


@dataclass(frozen=True, slots=True)
class CheckReading:
    """One check as a service's health document lists it; ``time`` is as it was written."""

    name: str
    status: str
    output: str | None = None
    time: str | None = None
    observed: str | None = None


@dataclass(frozen=True, slots=True)
class HealthReading:
    """One instance or platform part: what is known of it and what it answered when asked now.

    ``since`` is when it started, ``milliseconds`` how long its answer took; ``code`` is its HTTP status.
    """

    name: str
    state: str
    health: Health
    output: str = ""
    since: datetime | None = None
    registered: bool = False
    path: str | None = None
    code: int | None = None
    milliseconds: float | None = None
    answer: str | None = None
    checks: tuple[CheckReading, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, times in RFC 3339."""
        values = asdict(self)
        values["since"] = None if self.since is None else self.since.isoformat().replace("+00:00", "Z")
        values["checks"] = [asdict(check) for check in self.checks]
        return values
