"""Use case ``history``: what was done from here, and what the agent noticed and did, in order of time."""

from __future__ import annotations

import json

from msctl import labels
from msctl.engine.port import Engine, LogLine
from msctl.errors import EngineError
from msctl.orchestrator.journal import Entry, entries
from msctl.orchestrator.workspace import Workspace

_LINES = 2000
_TOLD = frozenset({"registered", "deregistered", "restarted", "admitted", "trouble", "circuit"})


def chronicle(engine: Engine, workspace: Workspace, project: str) -> tuple[Entry, ...]:
    """Everything known, oldest first; a part of the platform that is gone took its words along."""
    told = [
        entry for role in ("agent", "gateway") for entry in _told(engine, labels.container(project, role))
    ]
    return tuple(sorted((*entries(workspace), *told), key=lambda entry: entry.time))


def _told(engine: Engine, name: str) -> list[Entry]:
    try:
        lines = list(engine.logs(name, tail=_LINES))
    except EngineError:
        return []
    return [entry for entry in map(_entry, lines) if entry is not None]


def _entry(line: LogLine) -> Entry | None:
    try:
        found = json.loads(line.text)
        event, message = found["event"], str(found["message"])
    except (ValueError, KeyError, TypeError):
        return None
    if event not in _TOLD:
        return None
    time = line.time.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Entry(time, str(found.get("subject", "")), str(event), why=message.partition(": ")[2] or message)
