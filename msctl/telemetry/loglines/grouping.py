"""Lines that belong together, such as a traceback's, as one entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

MOST_LINES = 1000
LARGEST = 256 * 1024
TOGETHER = timedelta(seconds=1)
"""A traceback belongs to the error before it when it comes within so long."""

_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_RAISED = re.compile(r"[A-Za-z_][\w.]*(?::(?:\s|\Z)|\Z)")
_CAUSED = re.compile(r"(?:Caused by|Suppressed): ")
_CRASHED = re.compile(r"(?:panic: |fatal error: |goroutine \d+ \[)")
_STAMPED = re.compile(r"[\[(<{]?\d")
_ALARM = re.compile(r"\b(?:ERROR|CRITICAL|FATAL|error|critical|fatal|[Ee]xception)\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """One or more lines of one stream, joined with newlines; ``time`` is the first one's stamp."""

    time: datetime
    stream: str
    text: str


class _Place(Enum):
    """Where in a report of a crash the last line stood."""

    NOWHERE = auto()
    TRACEBACK = auto()
    RAISED = auto()
    CHAINED = auto()
    CRASH = auto()


@dataclass(slots=True)
class _Pending:
    began: datetime
    last: datetime
    lines: list[str]
    size: int
    place: _Place
    blanks: int = 0


@dataclass(slots=True)
class Grouper:
    """Joins the lines of one container; each stream has its own entry under way."""

    _pending: dict[str, _Pending] = field(default_factory=dict)

    def add(self, time: datetime, stream: str, text: str) -> Iterator[Entry]:
        """Entries that are complete now that ``text`` has come."""
        pending = self._pending.get(stream)
        if pending is None:
            self._pending[stream] = _begin(time, text)
            return
        if _joined(pending, time, text):
            return
        yield _entry(stream, pending)
        self._pending[stream] = _begin(time, text)

    def flush(self, stream: str | None = None) -> Iterator[Entry]:
        """What is under way, of one stream or of all, as it is."""
        for due in [stream] if stream is not None else list(self._pending):
            pending = self._pending.pop(due, None)
            if pending is None:
                continue
            yield _entry(due, pending)


def _entry(stream: str, pending: _Pending) -> Entry:
    lines = pending.lines + [""] * pending.blanks
    text = lines[0] if len(lines) == 1 else "\n".join(lines)
    return Entry(pending.began, stream, text)


def _begin(time: datetime, text: str) -> _Pending:
    place = _Place.NOWHERE
    if text.startswith(_TRACEBACK) or text.lstrip("+ ").startswith("Exception Group Traceback"):
        place = _Place.TRACEBACK
    elif _CRASHED.match(text):
        place = _Place.CRASH
    return _Pending(time, time, [text], len(text), place)


def _joined(pending: _Pending, time: datetime, text: str) -> bool:
    """Whether ``text`` goes on with the entry; if so it has been taken."""
    if len(pending.lines) >= MOST_LINES or pending.size + len(text) > LARGEST:
        return False
    place = _next_place(pending, time, text)
    if place is None:
        return False
    if not text and pending.place is _Place.RAISED:
        pending.blanks += 1
    else:
        pending.lines.extend([""] * pending.blanks)
        pending.blanks = 0
        pending.lines.append(text)
        pending.size += len(text) + 1
        pending.place = place
    pending.last = time
    return True


def _next_place(pending: _Pending, time: datetime, text: str) -> _Place | None:  # noqa: PLR0911
    """Where ``text`` stands if it goes on with what is pending, else nothing."""
    place = pending.place
    if _is_open_object(pending):
        return place if text[:1] in (" ", "\t", "}") else None
    if text.lstrip(" \t")[:1] == "{" or not pending.lines[0]:
        return None
    if text[:1] in (" ", "\t") and text.strip():
        return None if pending.blanks or _is_record(pending) else place
    if place is _Place.TRACEBACK and _RAISED.match(text):
        return _Place.RAISED
    if place is _Place.RAISED and (not text or text in _CHAINED):
        return _Place.CHAINED if text else place
    if place is _Place.CHAINED:
        return _Place.TRACEBACK if text.startswith(_TRACEBACK) else (place if not text else None)
    if place is _Place.CRASH:
        return None if _STAMPED.match(text) else place
    if text.startswith(_TRACEBACK):
        alarmed = _ALARM.search(pending.lines[0]) is not None and not _is_record(pending)
        return _Place.TRACEBACK if alarmed and time - pending.last <= TOGETHER else None
    return place if _CAUSED.match(text) and len(pending.lines) > 1 else None


def _is_record(pending: _Pending) -> bool:
    """A line of JSON is whole."""
    return pending.lines[0].lstrip(" \t")[:1] == "{"


def _is_open_object(pending: _Pending) -> bool:
    """JSON written for people begins with a brace alone and ends with one."""
    return pending.lines[0] == "{" and pending.lines[-1] != "}"
