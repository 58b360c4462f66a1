"""Traffic of services as a table: rates, times to answer, CPU, memory, and the last minutes as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from msctl.report.console import harmless
from msctl.report.status import table

_BARS = "▁▂▃▄▅▆▇█"
_LONGEST_LINE = 24


def top_view(overview: Mapping[str, Any]) -> Table:
    """The observer's overview as rows, the gateway first."""
    drawn = table("service", "req/s", "err/s", "p50", "p95", "p99", "CPU", "memory", "traffic")
    for column in drawn.columns[1:8]:
        column.justify = "right"
        column.no_wrap = True
    rows = [("gateway", overview["traffic"]), *((s["name"], s["traffic"]) for s in overview["services"])]
    for name, traffic in rows:
        drawn.add_row(harmless(name), *_cells(traffic))
    return drawn


def sparkline(values: Sequence[float], longest: int = _LONGEST_LINE) -> str:
    """The last values as a line of bars, the highest full."""
    shown = list(values)[-longest:]
    highest = max([*shown, 1e-9])
    return "".join(_BARS[min(7, int(value / highest * 7.999))] for value in shown)


def _cells(traffic: Mapping[str, Any] | None) -> list[str | Text]:
    if traffic is None:
        return [*["–"] * 7, ""]
    errors = Text(f"{traffic['errors']:.1f}", "bold red" if traffic["errors"] > 0 else "")
    cpu, memory = traffic["cpu"], traffic["memory"]
    return [
        f"{traffic['rate']:.1f}",
        errors,
        *(_seconds(traffic[key]) for key in ("p50", "p95", "p99")),
        "–" if cpu is None else f"{cpu:.0%}",
        "–" if memory is None else f"{memory / 2**20:.0f}M",
        sparkline(traffic["line"]),
    ]


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}s" if value >= 1 else f"{value * 1000:.3g}ms"
