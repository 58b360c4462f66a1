"""Tokens, keys and clients as tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_SOURCE = {"service": "services.{}", "outside": "auth.clients.{}", "gateway": "platform", "operator": "you"}


def reading_view(
    header: Mapping[str, Any], claims: Mapping[str, Any], times: Mapping[str, str], notes: Sequence[str]
) -> RenderableType:
    """A decoded token."""
    table = _table("claim", "value", "")
    for name, value in header.items():
        table.add_row(Text(name, style="dim"), _shown(value), "header")
    for name, value in claims.items():
        table.add_row(name, _shown(value), times.get(name, ""))
    return Group(table, *(Text(f"· {note}") for note in notes), Text("· the signature was not checked"))


def keys_view(keys: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Every published key."""
    table = _table("key", "algorithm", "state", "signs from")
    for key in keys:
        table.add_row(key["kid"], key["algorithm"], key["state"], _time(key["signs_from"]))
    return table


def clients_view(clients: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Who gets tokens, for which audience, with which scopes."""
    table = _table("client", "declared by", "audience", "scopes")
    for client in clients:
        declared = _SOURCE[client["kind"]].format(client["name"])
        rows = client["audiences"] or {"": []}
        for number, (audience, scopes) in enumerate(rows.items()):
            first = number == 0
            table.add_row(
                client["name"] if first else "", declared if first else "", audience or "–", " ".join(scopes)
            )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _shown(value: object) -> Text:
    return Text(value if isinstance(value, str) else repr(value))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
