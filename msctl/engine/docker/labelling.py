"""Labels of everything msctl creates, and reading them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msctl import labels
from msctl.model.upkeep import encode, upkeep_of
from msctl.plan.differences import described

if TYPE_CHECKING:
    from msctl.engine.port import Identity
    from msctl.model.desired import ContainerSpec, NetworkSpec, VolumeSpec


def container_labels(identity: Identity, spec: ContainerSpec, config_hash: str) -> dict[str, str]:
    """Labels of a container."""
    instance = None if spec.instance is None else str(spec.instance)
    return _labels(
        identity,
        {
            labels.ROLE: spec.role,
            labels.SERVICE: spec.service,
            labels.INSTANCE: instance,
            labels.CONFIG_HASH: config_hash,
            labels.EVENT_SCHEMAS: spec.event_schemas or None,
            labels.CONFIG: described(spec),
            labels.UPKEEP: encode(upkeep_of(spec)),
        },
    )


def carrier_labels(identity: Identity) -> dict[str, str]:
    """Labels of the container through which secrets volumes are filled."""
    return _labels(identity, {labels.ROLE: labels.CARRIER})


def network_labels(identity: Identity, spec: NetworkSpec) -> dict[str, str]:
    """Labels of a network."""
    return _labels(identity, {labels.ROLE: spec.role, labels.SERVICE: spec.service})


def volume_labels(identity: Identity, spec: VolumeSpec) -> dict[str, str]:
    """Labels of a data volume."""
    return _labels(
        identity,
        {labels.ROLE: spec.role, labels.SERVICE: spec.service, labels.IMAGE_KIND: spec.image_kind},
    )


def companion_labels(identity: Identity, spec: ContainerSpec) -> dict[str, str]:
    """Labels of a volume that the engine makes together with the container of ``spec``."""
    return _labels(identity, {labels.ROLE: spec.role, labels.SERVICE: spec.service})


def owned(found: Mapping[str, str] | None, project: str) -> bool:
    """Whether an object with these labels is the project's."""
    return (found or {}).get(labels.PROJECT) == project


def _labels(identity: Identity, more: Mapping[str, str | None]) -> dict[str, str]:
    chosen = {key: value for key, value in more.items() if value is not None}
    return {labels.PROJECT: identity.project, labels.ORIGIN: identity.origin, **chosen}
