"""Health in detail: one block for each part, its checks below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from msctl.model.health import CheckReading, HealthReading
from msctl.report.console import harmless
from msctl.report.status import age, mark


def health_view(readings: Sequence[HealthReading], project: str, now: datetime) -> RenderableType:
    """All readings; ``now`` is what ages are counted from."""
    return Group(*(line for reading in readings for line in _block(reading, project, now)))


def history_view(change: Mapping[str, str], subject: str) -> Text:
    """One change of health in a line."""
    time = datetime.fromisoformat(change["time"]).astimezone()
    text = Text.assemble(
        (f"{time:%Y-%m-%d %H:%M:%S}", "dim"), f"  {harmless(subject)}  ", mark(change["state"])
    )
    text.append(f"  was {harmless(change['before'])}")
    if change["state"] != "pass" and change["cause"]:
        text.append(f": {_first_line(change['cause'])}")
    return text


def _block(reading: HealthReading, project: str, now: datetime) -> list[Text]:
    name = reading.name.removeprefix(f"{project}-")
    up = f", up {age(reading.since, now)}" if reading.since and reading.state == "running" else ""
    lines = [Text.assemble((name, "bold"), "  ", mark(reading.health), (f"  {reading.state}{up}", "dim"))]
    if reading.output:
        lines.append(Text(f"  {_first_line(reading.output)}"))
    if reading.path is not None:
        lines.append(Text.assemble("  ", ("asked", "dim"), f" {_asked(reading)}"))
    lines.extend(_check(check) for check in reading.checks)
    return lines


def _asked(reading: HealthReading) -> str:
    if reading.code is None:
        return f"GET {reading.path}: {harmless(reading.answer or 'no answer')}"
    said = _first_line(reading.answer or "")
    return f"GET {reading.path}: {reading.code} in {reading.milliseconds:g} ms  {said}".rstrip()


def _check(check: CheckReading) -> Text:
    text = Text.assemble("  ", mark(check.status), f"  {harmless(check.name)}")
    if check.observed:
        text.append(f"  {harmless(check.observed)}")
    if check.output:
        text.append(f"  {_first_line(check.output)}")
    if check.time:
        text.append(f"  at {harmless(check.time)}", "dim")
    return text


def _first_line(text: str) -> str:
    return next(iter(harmless(text).strip().splitlines()), "")[:300]
