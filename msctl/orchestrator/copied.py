"""Containers that hold files of no image: ``dev`` copies them in, ``up`` makes such containers anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from msctl.model.observed import Observed, ObservedContainer
from msctl.orchestrator.workspace import Workspace

COPIED = "copied"
"""The workspace's file that names them, with their ids."""


def note(workspace: Workspace, found: ObservedContainer) -> None:
    """Files are about to be copied into it."""
    workspace.write(COPIED, {**workspace.read(COPIED), found.name: found.id})


def services(workspace: Workspace, containers: Iterable[ObservedContainer]) -> tuple[str, ...]:
    """The services of those ``containers`` that hold copied files, in order of their names."""
    copied = workspace.read(COPIED)
    return tuple(
        sorted({one.service for one in containers if one.service and copied.get(one.name) == one.id})
    )


def distrusting(workspace: Workspace, observed: Observed) -> Observed:
    """What was observed, with such containers as outdated, whatever their sources say now."""
    copied = workspace.read(COPIED)
    seen = (
        replace(one, config_hash="") if copied.get(one.name) == one.id else one for one in observed.containers
    )
    return replace(observed, containers=tuple(seen)) if copied else observed


def settle(workspace: Workspace, containers: Callable[[], Iterable[ObservedContainer]]) -> None:
    """Forget those that are gone; ``containers`` are looked at only if there are any to forget."""
    copied = workspace.read(COPIED)
    if not copied:
        return
    there = {one.name: one.id for one in containers()}
    left = {name: identity for name, identity in copied.items() if there.get(name) == identity}
    if left:
        workspace.write(COPIED, left)
    else:
        workspace.forget(COPIED)
