"""Making sure that a container is the project's before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from msctl.engine.docker.labelling import owned
from msctl.errors import NameConflict, ObjectMissing

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.observe import Json
    from msctl.engine.port import Identity
    from msctl.model.observed import ObservedContainer

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
    """Ids of a project's containers as they were listed last, which neither labels nor owner can leave.

    So whoever has just looked at everything need not ask again whose each container is.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._ids: dict[str, dict[str, str]] = {}

    def listed(self, project: str, found: Iterable[ObservedContainer]) -> None:
        """Take note of all containers that ``project`` has."""
        self._ids[project] = {container.name: container.id for container in found}

    def act(self, identity: Identity, name: str, action: Callable[[str], Answer]) -> Answer:
        """``action`` upon the id of the project's container; raises ``ObjectMissing``, ``NameConflict``."""
        known = self._ids.get(identity.project, {}).get(name)
        if known is not None:
            try:
                return action(known)
            except ObjectMissing:
                self._ids[identity.project].pop(name, None)  # another one may bear the name by now
        return action(inspect_ours(self._client, identity, name)["Id"])
