"""Traffic of services, their data and what is alarming, as tables; the last minutes of traffic as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.report.console import harmless
from msctl.report.status import table

_BARS = "▁▂▃▄▅▆▇█"
_LONGEST_LINE = 24


def top_view(overview: Mapping[str, Any]) -> RenderableType:
    """The observer's overview: traffic, then data where there is any, then alerts."""
    parts: list[RenderableType] = [traffic_view(overview)]
    data = data_view(overview)
    if data.row_count:
        parts += ["", data]
    if overview.get("alerts"):
        parts += ["", *map(_alert, overview["alerts"])]
    return Group(*parts)


def data_view(overview: Mapping[str, Any]) -> Table:
    """Databases, queues and the broker: how big, how busy, how deep."""
    drawn = table("data of", "store", "connections", "size", "events waiting", "dead")
    for column in drawn.columns[2:]:
        column.justify = "right"
    for service in overview["services"]:
        data, queue = service.get("data") or {}, service.get("queue") or {}
        if service.get("database") or queue:
            drawn.add_row(
                harmless(service["name"]),
                harmless(service.get("database") or "–"),
                *_figures(data),
                _whole(queue.get("waiting")),
                _dead(queue.get("dead")),
            )
    if overview.get("broker"):
        drawn.add_row("broker", "rabbitmq", *_figures(overview["broker"]), "–", "–")
    disk = overview.get("disk")
    if disk and drawn.row_count:
        drawn.add_row("free on disk", "", "", size(disk["free"]), "", "")
    return drawn


def traffic_view(overview: Mapping[str, Any]) -> Table:
    """Rows of traffic, the gateway first."""
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


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:  # noqa: PLR2004
            return f"{count:.3g} {unit}" if count < 100 else f"{count:.0f} {unit}"  # noqa: PLR2004
        count /= 1024
    return f"{count:.1f} TiB"


def _figures(found: Mapping[str, int]) -> tuple[str, str]:
    return _whole(found.get("connections")), "–" if "size" not in found else size(found["size"])


def _whole(value: int | None) -> str:
    return "–" if value is None else str(value)


def _dead(value: int | None) -> Text:
    return Text(_whole(value), "bold red" if value else "")


def _alert(alert: Mapping[str, Any]) -> Text:
    fires = alert["state"] == "firing"
    mark, style = ("✗", "bold red") if fires else ("…", "yellow")
    words = f"{mark} {harmless(alert['name'])} ({harmless(alert['severity'])}"
    words += ")" if fires else ", not long enough yet)"
    following = f" · {harmless(alert['next'])}" if alert["next"] else ""
    return Text.assemble((words, style), f": {harmless(alert['summary'])}", (following, "dim"))


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
