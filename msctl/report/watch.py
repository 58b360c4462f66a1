"""The status as a live view: whole where it fits, else what matters most in the lines there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.model.status import Health, ServiceStatus, StatusReport
from msctl.report.console import harmless
from msctl.report.status import (
    circuits_view,
    headline,
    mark,
    platform_view,
    services_view,
    status_view,
    table,
    trouble,
)

WIDE = 130
"""Columns from which platform and circuits stand beside the services."""

_WORST_FIRST: Sequence[Health] = ("fail", "starting", "warn", "pass")


def live_view(
    report: StatusReport, now: datetime, console: Console, trouble_line: str = ""
) -> RenderableType:
    """The report, made to fit ``console``; ``trouble_line`` says why it is not newer than it is."""
    height = console.height - 1
    foot = Text(
        trouble_line or f"{now.astimezone():%H:%M:%S}  Ctrl-C ends", "yellow" if trouble_line else "dim"
    )
    for draw in (_whole, _compact):
        view = Group(draw(report, now, console), foot)
        if _lines(console, view) <= height:
            return view
    return Group(_shortest(report, now, console, height - 1), foot)


def _whole(report: StatusReport, now: datetime, console: Console) -> RenderableType:
    if console.width < WIDE:
        return status_view(report, now)
    beside = Table.grid(padding=(0, 4))
    right = [platform_view(report)]
    if report.circuits:
        right.append(circuits_view(report.circuits, now))
    beside.add_row(services_view(report, now), Group(*right))
    return Group(headline(report), beside, *trouble(report))


def _compact(report: StatusReport, now: datetime, _: Console) -> RenderableType:
    """A line for each service, one for the platform, circuits only where they are not closed."""
    return Group(headline(report), _services(report.services), *_rest(report, now))


def _shortest(report: StatusReport, now: datetime, console: Console, height: int) -> RenderableType:
    """The worst services, as many as fit, and how many more there are."""
    worst = sorted(report.services, key=lambda s: _WORST_FIRST.index(health_of(s)))
    rest = _rest(report, now)[: max(1, height // 3)]
    room = height - 1 - _lines(console, Group(*rest)) - 3
    shown, left = worst[: max(1, room)], worst[max(1, room) :]
    states = sorted({health_of(s) for s in left}, key=_WORST_FIRST.index)
    more = [Text(f"and {len(left)} more services: {', '.join(states)}", "dim")] if left else []
    return Group(headline(report), _services(shown), *more, *rest)


def _services(services: Sequence[ServiceStatus]) -> Table:
    drawn = table("service", "ready", "health", "restarts", "database")
    for service in services:
        database = mark(service.database.health) if service.database else "–"
        restarts = str(sum(i.restarts for i in service.instances))
        ready = f"{service.ready}/{service.desired}"
        drawn.add_row(service.name, ready, mark(health_of(service)), restarts, database)
    return drawn


def _rest(report: StatusReport, now: datetime) -> list[RenderableType]:
    platform = Text.assemble(("platform  ", "bold"))
    for part in report.platform:
        platform.append_text(Text.assemble(part.role, " ", mark(part.health), "  "))
    opened = tuple(c for c in report.circuits if c.state != "closed")
    closed = len(report.circuits) - len(opened)
    parts: list[RenderableType] = [platform]
    if opened:
        parts.append(circuits_view(opened, now))
    if closed:
        parts.append(Text(f"{closed} circuits closed", "dim"))
    return [*parts, *trouble(report)]


def health_of(service: ServiceStatus) -> Health:
    """The worst health of a service's instances; fail when it has none."""
    found = {instance.health for instance in service.instances}
    return next((health for health in _WORST_FIRST if health in found), "fail")


def _lines(console: Console, view: RenderableType) -> int:
    return len(console.render_lines(view, pad=False))


def changes(before: StatusReport, after: StatusReport) -> list[str]:
    """What became different, a sentence each; for those who cannot watch a table."""
    sentences = []
    for states in (_healths, _circuits):
        old, new = states(before), states(after)
        for name, (state, why) in new.items():
            was = old.get(name, ("absent", ""))[0]
            if state != was:
                sentences.append(f"{name} is {state}, was {was}{f': {why}' if why else ''}")
        sentences.extend(
            f"{name} is gone, was {state}" for name, (state, _) in old.items() if name not in new
        )
    if before.healthy != after.healthy:
        sentences.append(f"{after.project} is {'healthy' if after.healthy else 'not healthy'}")
    return sentences


def _healths(report: StatusReport) -> dict[str, tuple[str, str]]:
    instances = [(i.name, i.health, i.output) for s in report.services for i in s.instances]
    databases = [(s.database.name, s.database.health, "") for s in report.services if s.database]
    platform = [(p.name, p.health, p.output) for p in report.platform]
    return {name: (health, _first(why)) for name, health, why in (*instances, *databases, *platform)}


def _circuits(report: StatusReport) -> dict[str, tuple[str, str]]:
    return {
        f"circuit {c.caller} → {c.callee}": (c.state.replace("_", "-"), _first(c.cause or ""))
        for c in report.circuits
    }


def _first(text: str) -> str:
    return next(iter(harmless(text).strip().splitlines()), "")[:200]
