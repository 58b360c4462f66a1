"""Containers: created whole or not at all, started, signalled, stopped and removed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from msctl import labels
from msctl.engine.docker.carrying import fill
from msctl.engine.docker.delivery import deliver
from msctl.engine.docker.failures import EngineRefusal, port_taken
from msctl.engine.docker.networks import connect, subnets_of
from msctl.engine.docker.ownership import inspect_ours
from msctl.engine.docker.payload import ALWAYS, NEVER, container_payload, endpoint, resolver_addresses
from msctl.engine.docker.volumes import clear_place, remove_volume
from msctl.errors import EngineError, ObjectMissing

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient
    from msctl.engine.docker.execution import Clock
    from msctl.engine.docker.observe import Json
    from msctl.engine.docker.ownership import Owned
    from msctl.engine.port import Identity
    from msctl.model.desired import ContainerSpec

_STOP_MARGIN = 30.0
_LEFTOVER_TIMEOUT = 60.0
_LEFTOVER_POLL = 0.1


def create(
    client: EngineClient,
    identity: Identity,
    spec: ContainerSpec,
    config_hash: str,
    addresses: Mapping[str, str],
    *,
    filled: bool,
    init: bool,
    clock: Clock,
) -> None:
    """Create, attach and equip a container; whatever fails midway takes everything back.

    ``filled`` tells that its secrets are in their volume already.
    """
    subnet = subnets_of(client, [a.network for a in spec.attachments]).get(
        labels.project_network(identity.project)
    )
    resolvers = resolver_addresses(spec.dns, subnet)
    payload = container_payload(
        identity,
        spec,
        config_hash,
        addresses=addresses,
        resolvers=resolvers,
        init=init,
        engine_socket=client.address.socket,
    )
    made = _make(client, identity, spec, payload, clock, filled=filled)
    try:
        _equip(client, spec, made, addresses, filled=filled)
    except BaseException:
        _discard(client, identity, made, spec.name)
        raise


def fill_secrets(client: EngineClient, identity: Identity, specs: Sequence[ContainerSpec]) -> frozenset[str]:
    """Fill the secrets volumes of containers that are yet to be created; return the names of whose it did."""
    return fill(client, identity, specs, lambda made: _if_present(lambda: _remove_present(client, made)))


def start(client: EngineClient, identity: Identity, name: str) -> Json:
    """Start the project's container and return its inspection; what stayed down does so no more."""
    before = inspect_ours(client, identity, name)
    container_id = before["Id"]
    if ((before.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") == NEVER:
        _set_restarts(client, container_id, ALWAYS)
    try:
        client.submit(f"/containers/{container_id}/start")
    except EngineRefusal as refused:
        raise port_taken(name, refused) or _not_started(name, refused) from refused
    found: Json = client.read(f"/containers/{container_id}/json")
    return found


def stop(
    client: EngineClient,
    owner: Owned,
    identity: Identity,
    name: str,
    grace: float,
    *,
    stays_down: bool = False,
) -> None:
    """Stop it; not running and absent are fine."""
    seconds = max(0, math.ceil(grace))

    def end(container_id: str) -> None:
        if stays_down:
            _set_restarts(client, container_id, NEVER)
        path, patience = f"/containers/{container_id}/stop", seconds + _STOP_MARGIN
        client.call("POST", path, query={"t": seconds}, timeout=patience)

    _if_present(lambda: owner.act(identity, name, end))


def _set_restarts(client: EngineClient, container_id: str, policy: str) -> None:
    client.submit(f"/containers/{container_id}/update", {"RestartPolicy": {"Name": policy}})


def signal(client: EngineClient, owner: Owned, identity: Identity, name: str, number: str) -> None:
    """Send a signal."""
    owner.act(identity, name, lambda found: client.submit(f"/containers/{found}/kill", signal=number))


def remove(client: EngineClient, owner: Owned, identity: Identity, name: str) -> None:
    """Remove it with its secrets; absent is fine, and so is being removed by somebody else just now."""
    removed = _if_present(lambda: owner.act(identity, name, partial(_remove_present, client)))
    secrets = labels.secrets_volume(name)
    if removed and owner.has_volume(identity, secrets):  # in use until now, so it is still that one
        _if_present(lambda: client.drop(f"/volumes/{secrets}"))
    else:
        remove_volume(client, identity, secrets)


def inspect(client: EngineClient, name: str) -> Json:
    """The engine's inspection of a container."""
    found: Json = client.read(f"/containers/{name}/json")
    return found


def _make(
    client: EngineClient,
    identity: Identity,
    spec: ContainerSpec,
    payload: Mapping[str, object],
    clock: Clock,
    *,
    filled: bool,
) -> str:
    """Create it and return its id, in the place of one that a killed command was just making.

    The engine goes on with what its dead caller asked for: the name is taken first and the container
    can be seen, and removed, later.
    """
    deadline = clock.now() + _LEFTOVER_TIMEOUT
    while True:
        if spec.secrets and not filled:
            clear_place(client, identity, labels.secrets_volume(spec.name))
        try:
            made: str = client.submit("/containers/create", payload, name=spec.name)["Id"]
            return made
        except EngineRefusal as refused:
            if not _name_in_use(refused) or clock.now() >= deadline:
                raise
            _remove_unstarted(client, identity, spec.name)
        clock.sleep(_LEFTOVER_POLL)


def _equip(
    client: EngineClient, spec: ContainerSpec, made: str, addresses: Mapping[str, str], *, filled: bool
) -> None:
    for attachment in spec.attachments[1:]:
        connect(client, attachment.network, made, endpoint(attachment, addresses))
    if spec.secrets and not filled:
        deliver(client, inspect(client, made), spec.secrets)


def _discard(client: EngineClient, identity: Identity, container_id: str, name: str) -> None:
    _if_present(lambda: client.drop(f"/containers/{container_id}", force=True, v=True))
    remove_volume(client, identity, labels.secrets_volume(name))


def _remove_present(client: EngineClient, container_id: str) -> None:
    try:
        client.drop(f"/containers/{container_id}", force=True, v=True)
    except EngineRefusal as refused:
        if "already in progress" not in refused.reason:
            raise
        client.submit(f"/containers/{container_id}/wait", condition="removed")


def _if_present(action: Callable[[], object]) -> bool:
    """Do it; whether what it is done to was there."""
    try:
        action()
    except ObjectMissing:
        return False
    return True


def _name_in_use(refused: EngineRefusal) -> bool:
    return refused.status == HTTPStatus.CONFLICT and "already in use" in refused.reason


def _remove_unstarted(client: EngineClient, identity: Identity, name: str) -> None:
    """Remove the container that bears ``name`` if it can be seen, is ours and never ran."""
    try:
        found = inspect_ours(client, identity, name)
    except ObjectMissing:
        return
    marks = found["Config"]["Labels"]
    if found["State"]["Status"] != "created" or marks.get(labels.ORIGIN) != identity.origin:
        raise EngineError(f"container '{name}' exists already", hint="another msctl made it: try again")
    _if_present(lambda: _remove_present(client, found["Id"]))


def _not_started(name: str, refused: EngineRefusal) -> EngineError:
    return EngineError(f"{name} cannot start: {refused.reason}", hint=refused.hint)
