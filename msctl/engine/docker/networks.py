"""Networks: exactly one of a name, although the engine allows several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msctl.engine.docker.failures import EngineRefusal
from msctl.engine.docker.labelling import owned
from msctl.engine.docker.observe import subnets
from msctl.engine.docker.payload import MTU_OPTION, network_payload
from msctl.errors import EngineError, NameConflict, ObjectMissing, SubnetTaken

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.observe import Json
    from msctl.engine.port import Identity
    from msctl.model.desired import NetworkSpec

_OVERLAP = ("overlaps with other one", "networks have overlapping")


def create_network(client: EngineClient, identity: Identity, spec: NetworkSpec, subnet: str | None) -> None:
    """Make sure that exactly one network of this name exists and that it is the project's."""
    if _settled(client, identity, spec.name):
        return
    try:
        client.submit("/networks/create", network_payload(identity, spec, subnet, _default_mtu(client)))
    except EngineRefusal as refused:
        if not _settled(client, identity, spec.name):
            raise _explained(refused, spec.name, subnet) from refused
        return
    _settled(client, identity, spec.name)


def remove_network(client: EngineClient, identity: Identity, name: str) -> None:
    """Remove the project's network of this name, and its twins if there are any."""
    for found in _named(client, name):
        if owned(found["Labels"], identity.project):
            _remove(client, found["Id"])


def subnets_of(client: EngineClient, names: Sequence[str]) -> dict[str, str | None]:
    """IPv4 subnets of networks by name; one that is absent raises ``ObjectMissing``.

    The engine itself would miss it only when the container starts.
    """
    listed = client.read("/networks", filters={"name": list(names)}) if names else []
    found = {n["Name"]: next(iter(subnets(n)), None) for n in listed}
    for name in names:
        if name not in found:
            raise ObjectMissing(f"network '{name}' does not exist", hint="'msctl up' makes it")
    return {name: found[name] for name in names}


def connect(client: EngineClient, name: str, container: str, place: dict[str, Any]) -> None:
    """Attach a container to a network."""
    client.submit(f"/networks/{name}/connect", {"Container": container, "EndpointConfig": place})


def _settled(client: EngineClient, identity: Identity, name: str) -> bool:
    """Whether the network exists; of several twins only the oldest survives.

    Racing callers all choose the same survivor, so it does not matter who removes the others.
    """
    found = _named(client, name)
    foreign = [n for n in found if not owned(n["Labels"], identity.project)]
    if foreign:
        raise NameConflict(
            f"network '{name}' ({foreign[0]['Id'][:12]}) is not msctl's; it was left untouched",
            hint=f"'docker network rm {name}' removes it; or choose another project name",
        )
    for twin in sorted(found, key=lambda n: (n["Created"], n["Id"]))[1:]:
        _remove(client, twin["Id"])
    return bool(found)


def _named(client: EngineClient, name: str) -> list[Json]:
    found: list[Json] = client.read("/networks", filters={"name": [name]})
    return [n for n in found if n["Name"] == name]


def _remove(client: EngineClient, network_id: str) -> None:
    try:
        client.drop(f"/networks/{network_id}")
    except ObjectMissing:
        return


def _default_mtu(client: EngineClient) -> str | None:
    """The daemon's MTU, which it gives to its own bridge but not to networks made later."""
    try:
        options = client.read("/networks/bridge")["Options"] or {}
    except ObjectMissing:
        return None
    mtu: str | None = options.get(MTU_OPTION)
    return mtu


def _explained(refused: EngineRefusal, name: str, subnet: str | None) -> EngineError:
    if subnet and any(words in refused.reason for words in _OVERLAP):
        return SubnetTaken(f"network '{name}' cannot have {subnet}: {refused.reason}")
    if "non-overlapping" in refused.reason:
        return EngineError(
            f"network '{name}': {refused.reason}",
            hint="'docker network prune' removes those that nobody uses",
        )
    return refused
