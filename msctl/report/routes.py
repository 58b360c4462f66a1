"""Routes, and why one of them answers, as a person or a program reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.model.project import Route
from msctl.report.console import harmless

_COLUMNS = ("path", "methods", "to", "timeout", "retries")


class Considered(Protocol):
    """A route whose path fits, and what speaks for or against it."""

    @property
    def route(self) -> Route:
        """The route."""

    @property
    def verdict(self) -> str:
        """In a few words."""

    @property
    def wins(self) -> bool:
        """Whether it answers."""


class Explained(Protocol):
    """Which route answers, as the gateway's ``match`` explains it."""

    @property
    def status(self) -> int | None:
        """What the gateway says itself, ``None`` when a route answers."""

    @property
    def why(self) -> str:
        """One sentence."""

    @property
    def route(self) -> Route | None:
        """The route that answers."""

    @property
    def target(self) -> str | None:
        """Path and query upstream."""

    @property
    def parameters(self) -> Mapping[str, str] | None:
        """Values of the template's names."""

    @property
    def considered(self) -> Sequence[Considered]:
        """All routes whose path fits."""


def route_row(route: Route) -> dict[str, Any]:
    """One route as plain values."""
    return {
        "path": route.path,
        "methods": list(route.methods),
        "to": destination(route),
        "timeout": route.timeout,
        "retries": route.retries,
    }


def destination(route: Route) -> str:
    """Where a route leads, in a few words."""
    if route.aggregate:
        return "aggregate of " + ", ".join(part.name for part in route.aggregate)
    if route.services:
        return ", ".join(f"{name} ({weight})" for name, weight in route.services.items())
    return f"{route.service}{f' {route.rewrite}' if route.rewrite else ''}"


def routes_view(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The table of routes."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        methods = ", ".join(row["methods"]) or "any"
        table.add_row(row["path"], methods, row["to"], f"{row['timeout']:g} s", str(row["retries"]))
    return table


def match_view(found: Explained) -> RenderableType:
    """The verdict first, then every route that was considered."""
    if found.route is None:
        head = Text.assemble((f"{found.status}: ", "bold red"), harmless(found.why))
    else:
        head = Text.assemble((found.route.path, "bold green"), f" → {destination(found.route)}: {found.why}")
    lines = [head]
    if found.target is not None:
        lines.append(Text(f"  upstream    {harmless(found.target)}"))
    for name, value in (found.parameters or {}).items():
        lines.append(Text(f"  {{{name}}} = {harmless(value)}"))
    for one in found.considered:
        lines.append(Text(f"  {'✓' if one.wins else '·'} {one.route.path}: {one.verdict}", "dim"))
    return Group(*lines)


def match_json(found: Explained) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "status": found.status,
        "why": found.why,
        "route": None if found.route is None else route_row(found.route),
        "target": found.target,
        "parameters": dict(found.parameters or {}),
        "considered": [
            {"path": c.route.path, "verdict": c.verdict, "wins": c.wins} for c in found.considered
        ],
    }
