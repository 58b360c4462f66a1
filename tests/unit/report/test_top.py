"""Traffic as a table."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from msctl.report.top import sparkline, top_view
from tests.unit.report.drawing import drawn

TRAFFIC = {
    "rate": 123.45, "errors": 2.0, "p50": 0.0042, "p95": 0.25, "p99": 2.5, "cpu": 0.123,
    "memory": 64 * 2**20, "line": [0, 1, 2, 4],
}  # fmt: skip
OVERVIEW = {
    "traffic": TRAFFIC,
    "services": [{"name": "orders", "traffic": TRAFFIC}, {"name": "new", "traffic": None}],
}


def test_it_fits_eighty_columns_and_says_all(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(top_view({**OVERVIEW, "traffic": {**TRAFFIC, "line": list(range(90))}}), monkeypatch)
    assert max(map(cell_len, shown.splitlines())) <= 80 + 12
    for word in ("123.5", "2.0", "4.2ms", "250ms", "2.50s", "12%", "64M", "▁▂▄█"):
        assert word in shown
    assert "new" in shown


def test_a_line_of_bars_shows_the_last_values() -> None:
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([8, *range(9)], longest=9) == "▁▁▂▃▄▅▆▇█"
