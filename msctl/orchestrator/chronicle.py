"""Use case ``history``: what was done, and what happened to the project, in order of time."""

from __future__ import annotations

from dataclasses import asdict

from msctl import labels
from msctl.engine.port import Engine
from msctl.errors import EngineError, MsctlError
from msctl.model.chronicle import Entry, entry_of, in_order, told_entry
from msctl.orchestrator.access import Access
from msctl.orchestrator.journal import entries
from msctl.orchestrator.observer import Observer, open_observer
from msctl.orchestrator.workspace import Workspace

_LINES = 2000
_HANDED_OVER = 200
_PATIENCE = 2.0
_PATH = "/-/chronicle"


def chronicle(
    engine: Engine, workspace: Workspace, project: str, observer: Observer | None, kind: str | None = None
) -> tuple[Entry, ...]:
    """What is known, of one ``kind`` or all, oldest first: from here, and from the observer.

    Without an observer agent and gateway are asked, as far as they still run.
    """
    stored = None if observer is None else _stored(observer, kind)
    told = _told(engine, project) if stored is None else stored
    known = in_order(told, entries(workspace))
    return tuple(entry for entry in known if kind in {None, entry.kind})


def hand_over(access: Access, workspace: Workspace) -> None:
    """Give the observer what was done from here, for whoever looks at the page; raises ``MsctlError``.

    The last entries go each time, so that what it missed while it was away is made good.
    """
    done = [asdict(entry) for entry in entries(workspace)[-_HANDED_OVER:]]
    open_observer(access, workspace).ask("POST", _PATH, _PATIENCE, done)


def _stored(observer: Observer, kind: str | None) -> list[Entry] | None:
    """What the observer keeps; ``None`` of an older one, which keeps nothing of the kind."""
    try:
        answer = observer.ask("GET", f"{_PATH}?kind={kind or ''}&count={_LINES}")
    except MsctlError:
        return None
    return [entry for entry in map(entry_of, answer) if entry is not None]


def _told(engine: Engine, project: str) -> list[Entry]:
    """What agent and gateway logged; a part of the platform that is gone took its words along."""
    found: list[Entry] = []
    for role in ("agent", "gateway"):
        try:
            lines = list(engine.logs(labels.container(project, role), tail=_LINES))
        except EngineError:
            continue
        found += [entry for entry in (told_entry(line.time, line.text) for line in lines) if entry]
    return found
