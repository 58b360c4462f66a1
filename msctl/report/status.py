"""The status table: services, platform, circuits; fits 80 columns, never tells a state by colour alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.report.console import harmless

if TYPE_CHECKING:
    from msctl.model.status import (
        CircuitStatus,
        Health,
        InstanceStatus,
        ServiceStatus,
        StatusReport,
    )

_MARKS: dict[str, tuple[str, str]] = {
    "pass": ("✓ pass", "green"),
    "warn": ("! warn", "yellow"),
    "fail": ("✗ fail", "bold red"),
    "starting": ("… starting", "cyan"),
    "absent": ("– absent", "dim"),
    "closed": ("✓ closed", "green"),
    "open": ("✗ open", "bold red"),
    "half_open": ("… half-open", "yellow"),
}


def status_view(report: StatusReport, now: datetime) -> RenderableType:
    """The whole report; ``now`` is what ages and countdowns are counted from."""
    parts: list[RenderableType] = [headline(report), services_view(report, now), platform_view(report)]
    if report.circuits:
        parts.append(circuits_view(report.circuits, now))
    parts.extend(trouble(report))
    return Group(*parts)


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if since is None:
        return "–"
    seconds = max(0, int((now - since).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def headline(report: StatusReport) -> Text:
    """Who it is about, and whether all is well."""
    verdict = ("healthy", "bold green") if report.healthy else ("not healthy", "bold red")
    if not report.running:
        verdict = ("not running", "bold yellow")
    return Text.assemble(
        (report.project, "bold"), " is ", verdict, "  ·  gateway ", (report.gateway_url, "cyan")
    )


def mark(state: str) -> Text:
    """A state in a sign, a word and a colour; one that nobody knows in its own word."""
    text, style = _MARKS.get(state, (f"? {harmless(state)}", "yellow"))
    return Text(text, style)


def table(*columns: str) -> Table:
    """An empty table in the style of all of them."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column == "health")
    return drawn


def services_view(report: StatusReport, now: datetime) -> Table:
    """The table of services, a line for each instance."""
    drawn = table("instance", "ready", "health", "restarts", "up", "database")
    prefix = f"{report.project}-"
    for service in report.services:
        ready, database = _service_cells(service)
        rows = [_instance_cells(instance, prefix, now) for instance in service.instances]
        (name, *first), *others = rows or [(service.name, "–", "–", "–")]
        drawn.add_row(name, ready, *first, database)
        for name, *row in others:
            drawn.add_row(name, "", *row, "")
    return drawn


def _service_cells(service: ServiceStatus) -> tuple[str | Text, str | Text]:
    ready = Text(
        f"{service.ready}/{service.desired}", "green" if service.ready >= service.desired else "bold red"
    )
    database = service.database
    if database is None:
        return ready, "–"
    return ready, Text.assemble(mark(database.health), f" {database.engine}")


def _instance_cells(instance: InstanceStatus, prefix: str, now: datetime) -> tuple[str, str | Text, str, str]:
    up = age(instance.started_at, now) if instance.state == "running" else instance.state
    return instance.name.removeprefix(prefix), mark(instance.health), str(instance.restarts), up


def platform_view(report: StatusReport) -> Table:
    """The table of the platform's parts."""
    drawn = table("platform", "health", "state")
    for part in report.platform:
        drawn.add_row(part.name.removeprefix(f"{report.project}-"), mark(part.health), part.state)
    return drawn


def circuits_view(circuits: tuple[CircuitStatus, ...], now: datetime) -> Table:
    """The table of circuits; ``now`` is what countdowns are counted from."""
    drawn = table("circuit", "state", "failures", "cause")
    for circuit in circuits:
        drawn.add_row(
            f"{circuit.caller} → {circuit.callee}",
            mark(circuit.state),
            f"{circuit.failure_rate:.0%} of {circuit.calls}",
            _cause(circuit, now),
        )
    return drawn


def _cause(circuit: CircuitStatus, now: datetime) -> str:
    if circuit.state != "open" or circuit.retry_at is None:
        return harmless(circuit.cause or "")
    left = max(0, round((circuit.retry_at - now).total_seconds()))
    return f"{harmless(circuit.cause or 'tripped')}; retry in {left} s"


def trouble(report: StatusReport) -> list[Text]:
    """Why parts are not well, and what else is worth saying."""
    found = [
        (i.name, i.health, i.output) for s in report.services for i in s.instances if _is_bad(i.health)
    ] + [(p.name, p.health, p.output) for p in report.platform if _is_bad(p.health)]
    causes = [
        Text.assemble((f"{name}: ", "bold"), harmless(output).strip().splitlines()[0][:300])
        for name, _, output in found
        if harmless(output).strip()
    ]
    return (
        causes + _dead_letters(report) + [Text(f"note: {harmless(note)}", "yellow") for note in report.notes]
    )


def _dead_letters(report: StatusReport) -> list[Text]:
    found = [f"{e.dead} of {e.service}" for e in report.events if e.dead]
    return [Text(f"dead letters: {', '.join(found)} (msctl events dead)", "yellow")] if found else []


def _is_bad(health: Health) -> bool:
    return health != "pass"
