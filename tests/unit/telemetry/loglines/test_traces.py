"""Traces from records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.record import SPANS, LogRecord, Wanted, Writer, record_of
from msctl.telemetry.loglines.traces import traces

BEGIN = datetime(2026, 1, 2, 12, tzinfo=UTC)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def record(service: str, ms: float, message: str, **fields: Any) -> LogRecord:
    """What ``service`` wrote ``ms`` milliseconds after the beginning."""
    time = BEGIN + timedelta(milliseconds=ms)
    said = {"time": time.isoformat(), "message": message, "trace_id": TRACE, **fields}
    text = json.dumps(said)
    return record_of(Writer(f"shop-{service}-1", service, 1), Entry(BEGIN, "stdout", text), text)


def span(
    service: str, end: float, duration: float, identity: str, parent: str | None, **more: Any
) -> LogRecord:
    fields = {"span_id": identity, "parent_id": parent, "duration_ms": duration, "logger": SPANS, **more}
    return record(service, end, f"work of {service}", **fields)


RECORDS = [
    span("gateway", 100, 100, "a", None, status=200),
    span("orders", 95, 80, "b", "a", status=201),
    span("inventory", 60, 30, "c", "b", status=200),
    span("payments", 150, 20, "d", "b"),
    record("inventory", 40, "reserved"),
]


def test_spans_are_a_tree_with_records_between() -> None:
    (trace,) = traces(reversed(RECORDS), rows=True)
    assert (trace.name, trace.duration, trace.spans, trace.connected) == ("work of gateway", 150, 4, True)
    told = [
        (row.depth, round(row.offset), row.span.part if row.span else row.record.said.message)  # type: ignore[union-attr]
        for row in trace.rows
    ]
    assert told == [
        (0, 0, "gateway-1"),
        (1, 15, "orders-1"),
        (2, 30, "inventory-1"),
        (3, 40, "reserved"),
        (2, 130, "payments-1"),
    ]
    assert json.loads(json.dumps(trace.to_json()))["rows"][1]["parent_id"] == "a"


def test_failures_are_told_by_status_or_by_an_error_on_the_way() -> None:
    assert not traces(RECORDS)[0].failed
    assert traces([*RECORDS, span("x", 1, 1, "e", "a", status=503)])[0].failed
    assert traces([*RECORDS, record("orders", 1, "no", level="error")])[0].failed


def test_what_does_not_hang_together_is_said() -> None:
    assert not traces([*RECORDS, span("x", 1, 1, "e", "lost")])[0].connected


def test_records_without_spans_are_no_trace() -> None:
    assert traces([record("orders", 1, "hello")]) == []


def test_a_span_that_names_itself_as_its_parent_ends() -> None:
    (trace,) = traces([*RECORDS, span("x", 1, 1, "e", "e")], rows=True)
    assert trace.spans == 5


def test_spans_are_hidden_from_whoever_reads_logs() -> None:
    assert not Wanted().accepts(RECORDS[1])
    assert Wanted(spans=True).accepts(RECORDS[1])
    assert Wanted().accepts(RECORDS[4])
