"""The project that a command works on, declared by the manifest here or known by its name only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from msctl import labels
from msctl.errors import MsctlError
from msctl.model.project import Project
from msctl.orchestrator.locking import locked
from msctl.orchestrator.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Target:
    """``origin`` is this checkout's; ``graces`` maps containers to seconds between stop signal and kill.

    ``lock`` takes the command's name and raises ``Locked``. Only a project of the manifest here has a
    ``workspace``.
    """

    name: str
    origin: str
    lock: Callable[[str], AbstractContextManager[None]]
    workspace: Workspace | None = None
    graces: Mapping[str, float] = field(default_factory=dict)


def declared(project: Project, workspace: Workspace, engine_address: str, cache: Path) -> Target:
    """The manifest's project; its lock keeps off other commands of this checkout, and other checkouts."""
    lock = partial(_locked_twice, workspace, _lock_file(project.name, engine_address, cache))
    return Target(project.name, workspace.origin, lock, workspace, graces_of(project))


def named(name: str, folder: Path, engine_address: str, cache: Path) -> Target:
    """A project that no manifest here declares, seen from ``folder``, which is not written to."""
    lock = partial(_locked, _lock_file(name, engine_address, cache))
    return Target(name, Workspace.of(folder).origin, lock)


def _lock_file(project: str, engine_address: str, cache: Path) -> Path:
    """One for each project on each engine, whichever folder commands are given in."""
    digest = hashlib.sha256(f"{engine_address}\0{project}".encode()).hexdigest()[:16]
    return cache / "locks" / f"{digest}.lock"


def graces_of(project: Project) -> dict[str, float]:
    """Seconds each instance of ``project`` has to stop."""
    return {
        labels.container(project.name, service.name, number): service.stop_grace
        for service in project.services.values()
        for number in range(1, service.replicas + 1)
    }


@contextmanager
def _locked_twice(workspace: Workspace, path: Path, command: str) -> Iterator[None]:
    with workspace.lock(command), _locked(path, command):
        yield


@contextmanager
def _locked(path: Path, command: str) -> Iterator[None]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise MsctlError(
            f"cannot make {path.parent}: {exc.strerror}", "let it be written to: msctl keeps locks there"
        ) from exc
    with locked(path, command):
        yield
