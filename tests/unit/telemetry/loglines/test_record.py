"""Which records are wanted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.harmless import json_line
from msctl.telemetry.loglines.record import LogRecord, Wanted, Writer, record_of

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def record(text: str) -> LogRecord:
    return record_of(Writer("shop-web-1", "web", 1), Entry(BEGIN, "stdout", text), text)


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        (Wanted(), True),
        (Wanted(level="error"), True),
        (Wanted(level="critical"), False),
        (Wanted(words="refus CONN"), True),
        (Wanted(words="fused"), False),
        (Wanted(words="/re.used/"), True),
        (Wanted(words="10.0.0.1:80"), True),
        (Wanted(words="missing"), False),
        (Wanted(since=BEGIN, until=BEGIN), True),
        (Wanted(since=BEGIN + timedelta(seconds=1)), False),
        (Wanted(until=BEGIN - timedelta(seconds=1)), False),
        (Wanted(instance=1), True),
        (Wanted(instance=2), False),
        (Wanted(trace="4bf9"), False),
    ],
)
def test_wishes(wanted: Wanted, accepted: bool) -> None:
    assert wanted.accepts(record("ERROR connection refused by 10.0.0.1:80")) is accepted


def test_a_trace_is_wanted_by_its_beginning() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert Wanted(trace=trace[:8]).accepts(record(json.dumps({"msg": "x", "trace_id": trace})))


def test_json_is_one_line_that_no_terminal_obeys() -> None:
    hostile = "\x1b[2J\x9b31m\u202eevil\nforged\r\ud800"
    line = json_line(record(hostile).to_json())
    assert not set(line) & {"\x1b", "\x9b", "\u202e", "\n", "\r", "\ud800"}
    assert json.loads(line)["text"] == hostile
