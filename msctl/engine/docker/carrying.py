"""Filling the secrets volumes of many containers at once, before these are made.

A filling of its own costs the engine a mount of the container's root file system and a process each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msctl import labels
from msctl.engine.docker.archive import folders, numeric_owner
from msctl.engine.docker.payload import carrier_payload
from msctl.engine.docker.volumes import clear_place

if TYPE_CHECKING:
    from msctl.engine.docker.archive import Owner
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.port import Identity
    from msctl.model.desired import ContainerSpec


def fill(
    client: EngineClient, identity: Identity, specs: Sequence[ContainerSpec], discard: Callable[[str], object]
) -> frozenset[str]:
    """Make and fill the volumes through one container that never runs; return the names of whose it did.

    Left out are those whose user has to be looked up in their own file system. ``discard`` removes the
    container of an id.
    """
    owners = {spec.name: _owner(client, spec) for spec in specs if spec.secrets}
    chosen = [(spec, owner) for spec in specs if (owner := owners.get(spec.name)) is not None]
    if not chosen:
        return frozenset()
    filled = [spec for spec, _ in chosen]
    for spec in filled:
        clear_place(client, identity, labels.secrets_volume(spec.name))
    payload = carrier_payload(identity, filled)
    made: str = client.submit("/containers/create", payload, name=labels.carrier(identity.project))["Id"]
    try:
        archive = folders([(spec.name, spec.secrets, owner) for spec, owner in chosen])
        client.call("PUT", f"/containers/{made}/archive", data=archive, query={"path": "/"})
    finally:
        discard(made)
    return frozenset(spec.name for spec in filled)


def _owner(client: EngineClient, spec: ContainerSpec) -> Owner | None:
    user = spec.user
    if user is None:
        user = client.read(f"/images/{spec.image}/json")["Config"]["User"]
    return numeric_owner(user)
