"""From log records to traces: which piece of work began which, and how long each took; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msctl.telemetry.loglines.levels import rank
from msctl.telemetry.loglines.record import LogRecord

_FAILED = 500
_PROBES = frozenset({"/healthz"})
"""Routes of the gateway that nobody's request takes."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work of ``part`` (``orders-1``); ``duration`` is milliseconds."""

    trace_id: str
    id: str
    parent: str | None
    part: str
    name: str
    start: datetime
    duration: float
    status: int | None = None

    @property
    def end(self) -> datetime:
        """When it was done."""
        return self.start + timedelta(milliseconds=self.duration)

    @property
    def failed(self) -> bool:
        """Whether it was answered with a server's error."""
        return self.status is not None and self.status >= _FAILED


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the waterfall: a span ``depth`` calls deep, or a record of then; ``offset`` is ms."""

    depth: int
    offset: float
    span: Span | None = None
    record: LogRecord | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known of one request; ``rows`` are in the order of calls."""

    id: str
    name: str
    start: datetime
    duration: float
    spans: int
    roots: int
    failed: bool
    rows: tuple[Row, ...] = ()

    @property
    def connected(self) -> bool:
        """Whether every span hangs together with the others."""
        return self.roots == 1

    def to_json(self) -> dict[str, Any]:
        """Plain values; times in RFC 3339, durations in milliseconds."""
        summary = {
            "trace_id": self.id,
            "name": self.name,
            "start": self.start.isoformat().replace("+00:00", "Z"),
            "duration_ms": round(self.duration, 3),
            "spans": self.spans,
            "connected": self.connected,
            "failed": self.failed,
        }
        return summary | ({"rows": [_row_json(row) for row in self.rows]} if self.rows else {})


def traces(records: Iterable[LogRecord], *, rows: bool = False) -> list[Trace]:
    """The traces that ``records`` tell of, oldest first; with their ``rows`` if wanted."""
    found: dict[str, list[LogRecord]] = {}
    for record in records:
        if record.said.trace_id:
            found.setdefault(record.said.trace_id, []).append(record)
    made = (_trace(trace_id, group, rows=rows) for trace_id, group in found.items())
    return sorted((trace for trace in made if trace is not None), key=lambda trace: trace.start)


def span_of(record: LogRecord) -> Span | None:
    """The span that a record tells of, if it does."""
    fields = record.said.fields
    identity, duration = fields.get("span_id"), fields.get("duration_ms")
    if not isinstance(identity, str) or not isinstance(duration, int | float) or record.said.trace_id is None:
        return None
    if fields.get("route") in _PROBES:
        return None
    parent, status = fields.get("parent_id"), fields.get("status")
    return Span(
        record.said.trace_id,
        identity,
        parent if isinstance(parent, str) else None,
        record.service if record.instance is None else f"{record.service}-{record.instance}",
        record.said.message,
        _written(fields, record.time) - duration * _MILLISECOND,
        float(duration),
        status if isinstance(status, int) else None,
    )


def _written(fields: Mapping[str, Any], stamped: datetime) -> datetime:
    """The program's own time, since lines may be written in batches."""
    try:
        found = datetime.fromisoformat(str(fields.get("time")))
    except ValueError:
        return stamped
    return found if found.tzinfo is not None else stamped


def _trace(trace_id: str, records: Sequence[LogRecord], *, rows: bool) -> Trace | None:
    spans = list({span.id: span for record in records if (span := span_of(record)) is not None}.values())
    if not spans:
        return None
    spans.sort(key=lambda span: (span.start, -span.duration))
    known = {span.id for span in spans}
    roots = [span for span in spans if span.parent not in known]
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    others = [record for record in records if span_of(record) is None]
    return Trace(
        id=trace_id,
        name=roots[0].name,
        start=start,
        duration=(end - start) / _MILLISECOND,
        spans=len(spans),
        roots=len(roots),
        failed=any(s.failed for s in spans) or any(rank(r.said.level) >= rank("error") for r in others),
        rows=tuple(_rows(roots, spans, others, start)) if rows else (),
    )


def _rows(
    roots: Sequence[Span], spans: Sequence[Span], others: Sequence[LogRecord], start: datetime
) -> Iterator[Row]:
    """Depth first; a record stands below the last span of its part that had begun."""
    below: dict[str, list[LogRecord]] = {}
    for record in others:
        part = record.service if record.instance is None else f"{record.service}-{record.instance}"
        written = _written(record.said.fields, record.time)
        begun = [s for s in spans if s.part == part and s.start <= written + _MILLISECOND]
        owner = begun[-1] if begun else next((s for s in spans if s.part == part), roots[0])
        below.setdefault(owner.id, []).append(record)
    children: dict[str | None, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent, []).append(span)

    def walk(span: Span, depth: int) -> Iterator[Row]:
        yield Row(depth, (span.start - start) / _MILLISECOND, span)
        for record in below.get(span.id, ()):
            offset = (_written(record.said.fields, record.time) - start) / _MILLISECOND
            yield Row(depth + 1, offset, record=record)
        for child in children.get(span.id, ()):
            if child is not span:
                yield from walk(child, depth + 1)

    for root in roots:
        yield from walk(root, 0)


def _row_json(row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"depth": row.depth, "offset_ms": round(row.offset, 3)}
    if row.span is not None:
        span = row.span
        return told | {
            "span_id": span.id,
            "parent_id": span.parent,
            "part": span.part,
            "name": span.name,
            "duration_ms": span.duration,
            "status": span.status,
        }
    return told | {"record": row.record.to_json() if row.record is not None else None}
