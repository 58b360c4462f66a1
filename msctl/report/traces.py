"""Traces as a list, and one as a waterfall with its log records."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.report.console import harmless
from msctl.report.status import table
from msctl.telemetry.loglines.traces import Row, Trace

_NAME_WIDTH = 46
_NARROWEST = 12


def traces_view(found: Sequence[Trace]) -> Table:
    """A line for each trace."""
    drawn = table("trace", "started", "request", "took", "spans", "outcome")
    for trace in found:
        outcome = Text("✗ failed", "bold red") if trace.failed else Text("✓ ok", "green")
        started = f"{trace.start.astimezone():%H:%M:%S}"
        name = harmless(trace.name)[:60]
        drawn.add_row(trace.id[:16], started, name, took(trace.duration), str(trace.spans), outcome)
    return drawn


def waterfall(trace: Trace, width: int) -> RenderableType:
    """Each span where it stood in the time of all; records below the span they were written in."""
    room = max(_NARROWEST, width - _NAME_WIDTH - 10)
    size = f"  {took(trace.duration)}, {trace.spans} spans  "
    head = Text.assemble((harmless(trace.name), "bold"), size, (trace.id, "dim"))
    parts: list[RenderableType] = [head, *(_line(row, trace, room) for row in trace.rows)]
    if not trace.connected:
        words = f"note: {trace.roots} pieces do not hang together: something on the way passed no trace on"
        parts.append(Text(words, "yellow"))
    return Group(*parts)


def took(milliseconds: float) -> str:
    """A duration in the unit that fits."""
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"  # noqa: PLR2004


def _line(row: Row, trace: Trace, room: int) -> Text:
    indent = "  " * row.depth
    if row.span is None:
        said = row.record.said if row.record is not None else None
        level, message = (said.level or "info", said.message) if said else ("info", "")
        style = "red" if level in {"error", "critical"} else "dim"
        return Text(f"{indent}· {level}: {harmless(message).splitlines()[0][:200] if message else ''}", style)
    span = row.span
    name = f"{indent}{span.part}  {harmless(span.name)}"
    bar = _bar(row.offset, span.duration, trace.duration, room)
    mark = f" {span.status}" if span.failed else ""
    return Text.assemble(
        (f"{name[:_NAME_WIDTH]:<{_NAME_WIDTH}}", "bold red" if span.failed else ""),
        (bar, "red" if span.failed else "cyan"),
        f" {took(span.duration)}{mark}",
    )


def _bar(offset: float, duration: float, whole: float, room: int) -> str:
    scale = room / whole if whole else 0.0
    before = min(room - 1, max(0, int(offset * scale)))
    length = max(1, min(room - before, round(duration * scale)))
    return " " * before + "█" * length + " " * (room - before - length)
