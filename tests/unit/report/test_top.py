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


def test_data_and_alerts_stand_below_and_strangers_words_are_harmless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alert = {"name": "DeadLetters", "state": "firing", "severity": "warning", "next": "msctl events dead"}
    services = [
        {
            "name": "orders", "traffic": None, "database": "postgres",
            "data": {"connections": 4, "size": 40 * 2**20}, "queue": {"waiting": 7, "dead": 3},
        },
        {"name": "legacy", "traffic": None, "database": None, "data": None, "queue": None},
    ]  # fmt: skip
    told = {
        "traffic": None, "services": services, "broker": {"connections": 9, "size": 1536},
        "disk": {"free": 2**31, "size": 2**40}, "alerts": [{**alert, "summary": "gave \x1b[31mup"}],
    }  # fmt: skip
    shown = drawn(top_view(told), monkeypatch)
    for words in ("postgres", "40 MiB", "rabbitmq", "1.5 KiB", "2 GiB", "✗ DeadLetters (warning): gave up"):
        assert words in shown
    assert "\x1b" not in shown
    assert shown.count("legacy") == 1


def test_a_line_of_bars_shows_the_last_values() -> None:
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([8, *range(9)], longest=9) == "▁▁▂▃▄▅▆▇█"
