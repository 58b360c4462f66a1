"""Traces as a person sees them."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from msctl.report.traces import took, traces_view, waterfall
from msctl.telemetry.loglines.traces import traces
from tests.unit.report.drawing import ESCAPE, drawn
from tests.unit.telemetry.loglines.test_traces import RECORDS, TRACE, record, span


@pytest.mark.parametrize("width", [80, 160])
def test_the_waterfall_fits_and_shows_where_time_went(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    (trace,) = traces(RECORDS, rows=True)
    lines = drawn(waterfall(trace, width), monkeypatch, width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert TRACE in lines[0]
    bars = {line.split()[0]: line.index("█") for line in lines if "█" in line}
    assert bars["gateway-1"] < bars["orders-1"] < bars["inventory-1"] < bars["payments-1"]
    assert any("· info: reserved" in line for line in lines)


def test_failed_and_broken_traces_say_so_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = record("orders", 1, "bad\x1b[2J", level="error")
    found = traces([*RECORDS, span("x", 5, 1, "e", "lost", status=503), hostile], rows=True)
    shown = drawn(waterfall(found[0], 120), monkeypatch, width=120)
    assert "do not hang together" in shown
    assert "503" in shown
    assert not ESCAPE.search(shown)
    assert "✗ failed" in drawn(traces_view(found), monkeypatch)


def test_durations() -> None:
    assert [took(0.1234), took(99), took(1500)] == ["0.123 ms", "99 ms", "1.50 s"]
