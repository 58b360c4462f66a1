"""Queues, events and dead letters as a person reads them; what others wrote is shown as harmless text."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from msctl.report.console import harmless
from msctl.report.status import age

LONGEST_LINE = 500
LONGEST_BODY = 100_000
_DASH = "–"


class Queues(Protocol):
    """What waits for one service."""

    @property
    def service(self) -> str: ...
    @property
    def declared(self) -> bool: ...
    @property
    def waiting(self) -> int: ...
    @property
    def in_hand(self) -> int | None: ...
    @property
    def retrying(self) -> int: ...
    @property
    def dead(self) -> int: ...
    @property
    def consumers(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def oldest(self) -> datetime | None: ...


class Letter(Protocol):
    """A message with its event."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def event(self) -> Mapping[str, Any]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, Any]: ...
    @property
    def published(self) -> datetime | None: ...


class Dead(Protocol):
    """A dead letter."""

    @property
    def service(self) -> str: ...
    @property
    def message(self) -> Letter: ...
    @property
    def cause(self) -> str: ...
    @property
    def tries(self) -> int: ...


def queues_view(queues: Sequence[Queues], now: datetime) -> RenderableType:
    """One row a service; ``now`` is what the age of the oldest message is counted from."""
    table = _table("service", "waiting", "in hand", "retrying", "dead", "consumers", "in/s", "oldest")
    for found in queues:
        table.add_row(
            harmless(found.service),
            str(found.waiting),
            _DASH if found.in_hand is None else str(found.in_hand),
            str(found.retrying),
            Text(f"✗ {found.dead}", "bold red") if found.dead else "0",
            str(found.consumers) if found.consumers else Text("✗ none", "bold red"),
            f"{found.rate:g}",
            _oldest(found, now),
        )
    left = [
        Text(
            f"note: {harmless(q.service)} subscribes to nothing any more ('msctl up --yes' drops it)",
            "yellow",
        )
        for q in queues
        if not q.declared
    ]
    dead = sum(found.dead for found in queues)
    told = [Text(f"{dead} dead letters: msctl events dead", "yellow")] if dead else []
    return Group(table, *told, *left)


def event_line(message: Letter) -> Text:
    """One event in one line: when, what, from whom, its id and its data."""
    event = message.event
    stamp = _time_of_day(event.get("time"))
    source = _word(event.get("source"), "no CloudEvent" if not event else _DASH)
    data = json.dumps(event.get("data"), ensure_ascii=False) if event else _text(message.body)
    return Text.assemble(
        (f"{stamp} ", "dim"), (_line(message.type, 100), "cyan"), " ", (_line(source, 100), "green"),
        (f" {_line(message.id, 100)} ", "dim"), _line(data, LONGEST_LINE),
    )  # fmt: skip


def dead_groups_view(letters: Sequence[Dead]) -> RenderableType:
    """How many of what, and why."""
    if not letters:
        return Text("no dead letters")
    counted = Counter((d.service, d.message.type, d.cause) for d in letters)
    table = _table("service", "event", "count", "cause")
    for (service, event_type, cause), number in counted.most_common():
        table.add_row(harmless(service), _line(event_type, 100), str(number), _line(cause, 200))
    return table


def dead_list_view(letters: Sequence[Dead]) -> RenderableType:
    """One row a dead letter, oldest first."""
    if not letters:
        return Text("no dead letters")
    table = _table("id", "event", "tries", "published", "cause")
    for letter in letters:
        published = letter.message.published
        when = published.astimezone().strftime("%m-%d %H:%M:%S") if published else _DASH
        table.add_row(
            _line(letter.message.id, 100), _line(letter.message.type, 100), str(letter.tries), when,
            _line(letter.cause, 200),
        )  # fmt: skip
    return table


def dead_view(letter: Dead) -> RenderableType:
    """All that is known of one dead letter."""
    message = letter.message
    rows = [("service", letter.service), ("id", message.id), ("event", message.type), ("cause", letter.cause),
            ("tries", str(letter.tries))]  # fmt: skip
    rows += [(f"header {name}", str(value)) for name, value in sorted(message.headers.items())]
    head = [Text.assemble((f"{_line(name, 60):<12} ", "bold"), _line(value, 2000)) for name, value in rows]
    body = json.dumps(message.event, indent=2, ensure_ascii=False) if message.event else _text(message.body)
    return Group(*head, Text(""), Text(harmless(body[:LONGEST_BODY])))


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _oldest(found: Queues, now: datetime) -> str:
    if found.oldest is not None:
        return age(found.oldest, now)
    return "not told" if found.waiting else _DASH


def _word(value: object, otherwise: str) -> str:
    return value if isinstance(value, str) and value else otherwise


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _line(text: str, longest: int) -> str:
    """``text`` as part of one line."""
    flat = harmless(" ".join(text[: longest * 2].split()))
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def _time_of_day(value: object) -> str:
    try:
        return datetime.fromisoformat(str(value)).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return "--:--:--.---"
