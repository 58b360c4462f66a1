"""Use case ``down``: stopped within the grace, out of the registry, removed; data only if asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.errors import ProjectConflict
from msctl.events import Sink
from msctl.orchestrator.access import Access
from msctl.orchestrator.credentials import FILE, management_token
from msctl.orchestrator.ending import Ending
from msctl.orchestrator.executor import Executor
from msctl.orchestrator.failures import raise_failures
from msctl.orchestrator.removals import Removals
from msctl.orchestrator.target import Target
from msctl.plan.conflicts import other_origin
from msctl.plan.operations import EndContainer, Operation, RemoveContainer, RemoveNetwork, RemoveVolume
from msctl.plan.teardown import teardown

_REMOVALS = (RemoveContainer, RemoveNetwork, RemoveVolume)

UNFINISHED = "down.json"
"""In the workspace while a ``down`` is under way; what is left there was cut short, and ``up`` ends it first.

The engine goes on with the stops that a killed command asked for, so what still runs soon does not.
"""


@dataclass(frozen=True, slots=True)
class DownResult:
    """How many objects went, and the data volumes that stay."""

    removed: int
    kept_volumes: tuple[str, ...]


def _token(target: Target) -> str | None:
    return None if target.workspace is None else management_token(target.workspace)


def down(
    engine: Engine, target: Target, sink: Sink, *, volumes: bool = False, adopt: bool = False
) -> DownResult:
    """Take a project down; raises ``ProjectConflict`` for another checkout's unless ``adopt``."""
    access = Access(engine, target.name, token=lambda: _token(target))
    try:
        observed = engine.observe(target.name)
        foreign = other_origin(observed, target.origin, data=volumes)
        if foreign is not None and not adopt:
            raise ProjectConflict(
                foreign.message, "run 'msctl down' there, or add --adopt to remove it from here"
            )
        plan = teardown(observed, target.graces, volumes=volumes, relayed=not engine.local)
        if target.workspace is not None and observed.containers:
            target.workspace.write(UNFINISHED, {"command": "down"})
        with _taking_down(engine, Identity(target.name, target.origin), access) as run:
            outcome = Executor(run, sink, time.monotonic, Event()).execute(plan)
        raise_failures(outcome, engine, f"project '{target.name}' is not wholly down")
    finally:
        access.close()
    if target.workspace is not None:
        target.workspace.forget(UNFINISHED)
        if volumes:
            target.workspace.forget(FILE)
    kept = tuple(v.name for v in observed.volumes if labels.holds_data(v.name) and not volumes)
    return DownResult(sum(isinstance(o, _REMOVALS) for o in plan.operations), kept)


@contextmanager
def _taking_down(engine: Engine, identity: Identity, access: Access) -> Iterator[Callable[[Operation], str]]:
    """What carries out each operation of a teardown."""
    removals = Removals(engine, identity, access)
    ending = Ending(engine, identity)

    def run(operation: Operation) -> str:
        if isinstance(operation, EndContainer):
            ending.end(operation.subject, operation.grace)
            return ""
        if isinstance(operation, RemoveContainer):
            ending.finish(operation.subject)
        return removals.run(operation)

    try:
        yield run
    finally:
        ending.close()
