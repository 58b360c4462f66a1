"""What forbids a plan: objects of others that bear our names, another checkout's project, unfit data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msctl import labels
from msctl.errors import EngineError, NameConflict, ProjectConflict

if TYPE_CHECKING:
    from msctl.model.desired import Desired
    from msctl.model.observed import Observed


def conflicts(desired: Desired, observed: Observed) -> tuple[NameConflict, ...]:
    """One error for each foreign object that bears a name ``desired`` needs."""
    wanted = (
        ("container", [c.name for c in desired.containers], observed.foreign_containers),
        ("network", [n.name for n in desired.networks], observed.foreign_networks),
        ("volume", _volume_names(desired), observed.foreign_volumes),
    )
    return tuple(
        _conflict(kind, name, observed.neighbours.get(name))
        for kind, names, foreign in wanted
        for name in names
        if name in foreign
    )


def _conflict(kind: str, name: str, neighbour: str | None) -> NameConflict:
    if neighbour is not None:
        return NameConflict(
            f"a {kind} named '{name}' belongs to the project '{neighbour}'; left alone",
            "give this project or its service another name",
        )
    return NameConflict(
        f"a {kind} named '{name}' exists that msctl did not make; left alone",
        f"remove it (docker {kind} rm {name}) or give the project another name",
    )


def _volume_names(desired: Desired) -> list[str]:
    secrets = [labels.secrets_volume(c.name) for c in desired.containers if c.secrets]
    return [*(v.name for v in desired.volumes), *secrets]


def other_origin(observed: Observed, origin: str, *, data: bool = False) -> ProjectConflict | None:
    """The error that the containers, or the ``data`` too, belong to another checkout, if they do."""
    marks = [v.labels.get(labels.ORIGIN, origin) for v in observed.volumes if data]
    others = sorted({*marks, *(c.origin for c in observed.containers)} - {origin})
    if not others:
        return None
    return ProjectConflict(
        f"project '{observed.project}' is on this engine for another checkout: {', '.join(others)}",
        "give this project another name, or take it over with --adopt",
    )


def unfit_volumes(desired: Desired, observed: Observed) -> tuple[EngineError, ...]:
    """One error for each data volume made by another kind of image than the one that would use it."""
    found = {v.name: v.labels.get(labels.IMAGE_KIND) for v in observed.volumes}
    return tuple(
        EngineError(
            f"volume '{spec.name}' holds data made by the {found[spec.name]} image, "
            f"but the {spec.image_kind} one would use it",
            "set platform.images (or the database's version) back, or remove the data with 'down --volumes'",
        )
        for spec in desired.volumes
        if found.get(spec.name) and spec.image_kind and found[spec.name] != spec.image_kind
    )
