"""What was done to the project from this checkout, and what each deployment was made of, in the workspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msctl.errors import Interrupted, MsctlError, StartFailed
from msctl.model.chronicle import TAKEN_BACK, entry_of

if TYPE_CHECKING:
    from msctl.model.chronicle import Entry
    from msctl.orchestrator.workspace import Workspace

FILE = "history.jsonl"
DEPLOYMENT = "deployment"
"""Begins the names of their files, which hold no secrets and are therefore none of the ``.json`` ones."""

KEPT = 20
"""Deployments that one can go back to."""

_LINES = 2000


@dataclass
class Record:
    """What a command adds to its entry while it runs."""

    changed: Sequence[str] = ()
    why: str = ""
    deployment: int | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A state that was reached: the manifest's text, its overlay's, and each service's image."""

    number: int
    manifest: str
    overlay: str = ""
    images: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def recorded(
    workspace: Workspace, command: str, revision: str = "", written: Callable[[], None] = lambda: None
) -> Iterator[Record]:
    """Write an entry for the block, unless it ended well like the one before and changed nothing.

    ``written`` is called after it was written, and must not raise; not after Ctrl-C, which waits for nobody.
    """
    record = Record()
    try:
        yield record
    except Interrupted:
        _write(workspace, command, "interrupted", revision, record)
        raise
    except MsctlError as exc:
        causes = (
            [f"{c.subject}: {c.what}: {c.cause}" for c in exc.cards] if isinstance(exc, StartFailed) else []
        )
        record.why = "; ".join(causes) or exc.message
        _write(workspace, command, "failed", revision, record)
        written()
        raise
    if record.changed or any(entry.result != "done" for entry in entries(workspace)[-1:]):
        _write(workspace, command, "done", revision, record)
        written()


def entries(workspace: Workspace) -> tuple[Entry, ...]:
    """Everything that was written down, oldest first; a line that is no entry is left out."""
    found = (_entry(line) for line in workspace.lines(FILE))
    return tuple(entry for entry in found if entry is not None)


def last_setback(workspace: Workspace) -> str | None:
    """A sentence about the last command that changed the project, if a new version was taken back in it."""
    known = entries(workspace)
    if not known or known[-1].result != "failed" or TAKEN_BACK not in known[-1].why:
        return None
    return f"'{known[-1].command}' at {known[-1].time}: {known[-1].why}"


def deployments(workspace: Workspace) -> tuple[Deployment, ...]:
    """Those one can go back to, oldest first."""
    numbers = sorted({e.deployment for e in entries(workspace) if e.deployment is not None})
    found = (_deployment(number, workspace.read(f"{DEPLOYMENT}-{number}")) for number in numbers)
    return tuple(deployment for deployment in found if deployment is not None)


def deployed(workspace: Workspace, manifest: str, overlay: str, images: Mapping[str, str]) -> int:
    """Keep a deployment and return its number; the oldest beyond ``KEPT`` are forgotten."""
    known = deployments(workspace)
    number = known[-1].number + 1 if known else 1
    values = {"manifest": manifest, "overlay": overlay, "images": json.dumps(dict(images), sort_keys=True)}
    workspace.write(f"{DEPLOYMENT}-{number}", values)
    for old in known[: max(0, len(known) + 1 - KEPT)]:
        workspace.forget(f"{DEPLOYMENT}-{old.number}")
    return number


def _write(workspace: Workspace, command: str, result: str, revision: str, record: Record) -> None:
    values: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "command": command,
        "result": result,
        "revision": revision[:12],
        "changed": list(record.changed),
        "why": record.why,
        "deployment": record.deployment,
    }
    workspace.append(FILE, json.dumps(values), keep=_LINES)


def _entry(line: str) -> Entry | None:
    try:
        return entry_of(json.loads(line))
    except ValueError:
        return None


def _deployment(number: int, values: Mapping[str, str]) -> Deployment | None:
    if "manifest" not in values:
        return None
    return Deployment(
        number, values["manifest"], values.get("overlay", ""), json.loads(values.get("images", "{}"))
    )
