"""What ``doctor`` and ``conformance`` found, as tables of checks."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.report.console import harmless

_MARKS = {
    "pass": ("✓", "green"),
    "warn": ("!", "yellow"),
    "fail": ("✗", "bold red"),
    "skip": ("–", "dim"),
}


def checks_view(rows: Iterable[tuple[str, str, str, str | None]]) -> RenderableType:
    """Rows of level, check, what was found, and what to do about it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for level, check, found, remedy in rows:
        mark, style = _MARKS[level]
        table.add_row(
            Text(mark, style), Text(check, "bold" if level == "fail" else ""), Text(harmless(found))
        )
        if remedy:
            table.add_row("", "", Text(f"→ {remedy}", "cyan"))
    return Group(table)
