"""What the agent must know of a container to look after it, and its text form on the container's label."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from msctl import labels
from msctl.model.desired import Attachment, ContainerSpec, Probe, Registration, Role
from msctl.model.observed import ObservedContainer

_ROLES: Mapping[str, Role] = {role: role for role in get_args(Role)}


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How a container is registered, asked for readiness, and asked for liveness; see ``ContainerSpec``."""

    registration: Registration | None = None
    self_registers: bool = False
    probe: Probe | None = None
    liveness: Probe | None = None


def upkeep_of(spec: ContainerSpec) -> Upkeep:
    """The part of a specification that the agent needs; a command in the container is not for it to run."""
    probe = None if spec.probe is None or spec.probe.kind == "exec" else spec.probe
    return Upkeep(spec.registration, spec.self_registers, probe, spec.liveness)


def encode(upkeep: Upkeep) -> str | None:
    """The label's text, ``None`` where there is nothing to look after."""
    chosen = {key: value for key, value in asdict(upkeep).items() if value}
    return json.dumps(chosen, sort_keys=True, separators=(",", ":")) if chosen else None


def decode(text: str) -> Upkeep:
    """The inverse; what another msctl wrote and this one does not understand means nothing to look after."""
    try:
        found = json.loads(text) if text else {}
        registration = found.get("registration")
        return Upkeep(
            None if registration is None else _registration(registration),
            bool(found.get("self_registers", False)),
            _probe(found.get("probe")),
            _probe(found.get("liveness")),
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        return Upkeep()


def found_spec(container: ObservedContainer, project: str) -> ContainerSpec | None:
    """As much of a running container's specification as its labels tell; ``None`` if they tell of no role."""
    role = _ROLES.get(container.role)
    if role is None:
        return None
    upkeep = decode(container.labels.get(labels.UPKEEP, ""))
    return ContainerSpec(
        name=container.name,
        role=role,
        image=container.image,
        image_identity=container.image_id,
        service=container.service,
        instance=container.instance,
        attachments=(Attachment(labels.project_network(project)),),
        probe=upkeep.probe,
        registration=upkeep.registration,
        self_registers=upkeep.self_registers,
        liveness=upkeep.liveness,
    )


def _registration(values: dict[str, Any]) -> Registration:
    return Registration(str(values["name"]), int(values["port"]), tuple(values.get("tags") or ()))


def _probe(values: dict[str, Any] | None) -> Probe | None:
    return None if values is None else Probe(**{**values, "command": tuple(values.get("command") or ())})
