"""The table of images."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.table import Table


def images_view(rows: Iterable[tuple[str, str | None, str | None]]) -> Table:
    """Rows of role, reference and kind; a reference of ``None`` is a missing image."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in ("role", "image", "kind"):
        table.add_column(column, overflow="fold")
    for role, reference, kind in rows:
        table.add_row(role, reference or "missing", kind or "–")
    return table
