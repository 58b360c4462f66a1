"""Making sure that something is the project's before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from msctl.engine.docker.labelling import owned
from msctl.errors import NameConflict, ObjectMissing

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.observe import Json
    from msctl.engine.port import Identity
    from msctl.model.observed import Observed

Answer = TypeVar("Answer")


def inspect_ours(client: EngineClient, identity: Identity, name: str) -> Json:
    """The engine's inspection of the project's container; a foreign one is a ``NameConflict``."""
    found: Json = client.read(f"/containers/{name}/json")
    if not owned(found["Config"]["Labels"], identity.project):
        raise NameConflict(
            f"container '{name}' ({found['Id'][:12]}) is not msctl's; it was left untouched",
            hint=f"'docker rm {name}' removes it; or choose another project name",
        )
    return found


class Owned:
    """What a project had when it was listed last, so that whoever has just looked need not ask again.

    An id stays with the labels it was made with. A volume has none; it can be made anew by somebody else
    once nothing uses it.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._ids: dict[str, dict[str, str]] = {}
        self._volumes: dict[str, frozenset[str]] = {}

    def listed(self, found: Observed) -> None:
        """Take note of all that a project has."""
        self._ids[found.project] = {container.name: container.id for container in found.containers}
        self._volumes[found.project] = frozenset(volume.name for volume in found.volumes)

    def has_volume(self, identity: Identity, name: str) -> bool:
        """Whether the project's volume ``name`` was there."""
        return name in self._volumes.get(identity.project, ())

    def act(self, identity: Identity, name: str, action: Callable[[str], Answer]) -> Answer:
        """``action`` upon the id of the project's container; raises ``ObjectMissing``, ``NameConflict``."""
        known = self._ids.get(identity.project, {}).get(name)
        if known is not None:
            try:
                return action(known)
            except ObjectMissing:
                self._ids[identity.project].pop(name, None)  # another one may bear the name by now
        return action(inspect_ours(self._client, identity, name)["Id"])
