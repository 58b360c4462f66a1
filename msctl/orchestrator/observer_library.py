"""The observer's log records, as the command line reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from msctl.orchestrator.observer import REMEDY, Observer, ObserverAway
from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.record import LogRecord, Wanted, Writer, record_of
from msctl.telemetry.loglines.transfer import Position

Reach = Mapping[str, Mapping[str, Position]]
"""By container id and stream: how far lines are stored."""


@dataclass(frozen=True, slots=True)
class ObserverLibrary:
    """What ``observer`` has stored; every question raises ``ObserverAway``."""

    observer: Observer

    def reach(self) -> tuple[Reach, int]:
        """How far every container's lines are stored, and the newest line's id at the same moment."""
        answer = self.observer.ask("GET", "/-/logs/reach")
        found: dict[str, dict[str, Position]] = {}
        for identity, stream, time, number in answer["reach"]:
            found.setdefault(identity, {})[stream] = Position(time, number)
        return found, int(answer["last"])

    def records(
        self, names: Sequence[str], wanted: Wanted, *, until_id: int, newest: int | None = None
    ) -> Iterator[LogRecord]:
        """Stored records up to an id, oldest first, or only the ``newest``."""
        query = [*(("name", name) for name in names), *_query(wanted), ("before", until_id + 1)]
        if newest is not None:
            query.append(("newest", newest))
        for line in self.observer.lines(f"/-/logs?{urlencode(query)}"):
            yield _record(line)

    def services(self) -> Mapping[str, Sequence[str]]:
        """Containers of which there are records, by service."""
        found: Mapping[str, Sequence[str]] = self.observer.ask("GET", "/-/logs/services")
        return found


def _query(wanted: Wanted) -> list[tuple[str, object]]:
    values = {
        "since": None if wanted.since is None else wanted.since.isoformat(),
        "until": None if wanted.until is None else wanted.until.isoformat(),
        "level": wanted.level,
        "words": wanted.words,
        "trace": wanted.trace,
        "instance": wanted.instance,
        "spans": 1 if wanted.spans else None,
    }
    return [(key, value) for key, value in values.items() if value is not None]


def _record(line: bytes) -> LogRecord:
    try:
        values: dict[str, Any] = json.loads(line)
        writer = Writer(values["container"], values["service"], values["instance"])
        time = datetime.fromisoformat(values["time"])
    except ValueError as exc:
        raise ObserverAway(f"the observer's answer is not whole: {exc}", REMEDY) from exc
    return record_of(writer, Entry(time, values["stream"], values["text"]), values["text"])
