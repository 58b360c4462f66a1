"""Data volumes, and the check that a volume is ours before anything is done to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from msctl.engine.docker.failures import EngineRefusal
from msctl.engine.docker.labelling import owned
from msctl.engine.docker.payload import volume_payload
from msctl.errors import NameConflict, ObjectMissing

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.observe import Json
    from msctl.engine.port import Identity
    from msctl.model.desired import VolumeSpec


def create_volume(client: EngineClient, identity: Identity, spec: VolumeSpec) -> None:
    """Create it; the engine answers with the volume that is already there, ours or not."""
    _refuse_foreign(client.submit("/volumes/create", volume_payload(identity, spec)), identity)


def remove_volume(client: EngineClient, identity: Identity, name: str) -> None:
    """Remove it if it is the project's."""
    try:
        found = client.read(f"/volumes/{name}")
        if owned(found["Labels"], identity.project):
            client.drop(f"/volumes/{name}")
    except ObjectMissing:
        return


def clear_place(client: EngineClient, identity: Identity, name: str) -> None:
    """Remove what a dead container left, so that the next one gets a new volume of this name.

    One that is in use belongs to a container of the same name, whose creation will say so.
    """
    try:
        found = client.read(f"/volumes/{name}")
        _refuse_foreign(found, identity)
        client.drop(f"/volumes/{name}")
    except ObjectMissing:
        return
    except EngineRefusal as refused:
        if refused.status != HTTPStatus.CONFLICT:
            raise


def _refuse_foreign(found: Json, identity: Identity) -> None:
    if not owned(found["Labels"], identity.project):
        raise NameConflict(
            f"volume '{found['Name']}' is not msctl's; it was left untouched",
            hint=f"'docker volume rm {found['Name']}' removes it; or choose another project name",
        )
