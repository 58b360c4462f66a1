"""What happened to a project: commands, changes of health, turns of circuits, what the agent did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

REPAIRS = frozenset({"registered", "deregistered", "restarted", "admitted", "trouble"})
"""Events that the agent logs."""

CIRCUIT = "circuit"
"""The event that whoever keeps a circuit logs when it turns; the line's last word is its new state."""

TAKEN_BACK = "new version taken back, the one before goes on serving"
"""Why an update failed without being felt."""

KINDS = ("command", "health", CIRCUIT, "agent")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, what or to whom, how it ended, what changed and why.

    ``command`` is a command's words, or the subject of any other of the ``KINDS``.
    """

    time: str
    command: str
    result: str
    revision: str = ""
    changed: tuple[str, ...] = ()
    why: str = ""
    deployment: int | None = None
    kind: str = "command"

    @property
    def moment(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self.time)


def entry_of(values: object) -> Entry | None:
    """An entry out of plain values, keys of a later msctl left out; ``None`` for anything else."""
    if not isinstance(values, Mapping):
        return None
    known = {field.name: values[field.name] for field in fields(Entry) if field.name in values}
    changed, number = known.pop("changed", ()), known.pop("deployment", None)
    if not isinstance(changed, (list, tuple)) or not isinstance(number, (int, type(None))):
        return None
    if not {"time", "command", "result"} <= known.keys() or not _is_moment(known["time"]):
        return None
    texts = {key: str(value) for key, value in known.items()}
    return Entry(**texts, changed=tuple(str(change) for change in changed), deployment=number)


def told_entry(time: datetime, text: str) -> Entry | None:
    """What a log line tells of the project; ``None`` for all lines that are no such event."""
    if '"event"' not in text:
        return None
    try:
        found: Any = json.loads(text)
        event, message = str(found["event"]), str(found["message"])
    except (ValueError, KeyError, TypeError):
        return None
    if event != CIRCUIT and event not in REPAIRS:
        return None
    subject = str(found.get("subject", ""))[:_LONGEST]
    why = (message.partition(": ")[2] or message)[:_LONGEST]
    if event == CIRCUIT:
        return Entry(stamp(time), subject, why.rpartition(" ")[2], why=why, kind=CIRCUIT)
    return Entry(stamp(time), subject, event, why=why, kind="agent")


def stamp(time: datetime) -> str:
    """A time as entries have it."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_order(*found: Iterable[Entry]) -> tuple[Entry, ...]:
    """Oldest first, each once however often it was told."""
    single = dict.fromkeys(entry for entries in found for entry in entries)
    return tuple(sorted(single, key=lambda entry: entry.moment))


def _is_moment(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False
