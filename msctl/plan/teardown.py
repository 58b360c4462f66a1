"""Observed → the plan that takes a project down: clients turned away first, data last and only if asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msctl import labels
from msctl.model.observed import Observed, ObservedContainer
from msctl.plan.graces import usual_grace
from msctl.plan.operations import (
    DeregisterAll,
    EndContainer,
    Operation,
    Plan,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
)
from msctl.plan.order import ordered

_BEFORE: Mapping[str, frozenset[str]] = {
    "service": frozenset({"gateway"}),
    "database": frozenset({"service"}),
    "broker": frozenset({"service"}),
    "auth": frozenset({"service"}),
    "observer": frozenset({"service"}),
    "registry": frozenset({"service", "gateway"}),
}
"""Roles whose processes must have ended before a role's are; a database waits for its own service only."""

_RUNNING = frozenset({"running", "restarting", "paused"})


def teardown(
    observed: Observed, graces: Mapping[str, float], *, volumes: bool, relayed: bool = False
) -> Plan:
    """Remove everything; ``graces`` maps container names to seconds, ``volumes`` takes the data too.

    ``relayed`` says that the registry is reached through the gateway, as with a remote engine. Who is removed
    first is all the same, so it waits for the services' end: the broker, whose end may take longest, waits
    for that as well, and a busy engine would let it wait for removals.
    """
    farewell = DeregisterAll(
        subject=observed.project,
        reason="taken down",
        after=_all_of(observed, "stop", frozenset({"agent"})),
    )
    asked = {"registry", "gateway"} if relayed else {"registry"}
    operations: list[Operation] = []
    for container in sorted(observed.containers, key=lambda c: c.role != "broker"):
        waits = (farewell.id,) if container.role in asked else ()
        operations.extend(_removal(container, observed, graces.get(container.name), waits))
    if any(c.role == "registry" and c.state == "running" for c in observed.containers):
        operations.append(farewell)
    removed = tuple(f"remove {c.name}" for c in observed.containers)
    for network in observed.networks:
        users = [c for c in observed.containers if network.name in {*c.network_ids, *c.addresses}]
        after = tuple(f"remove {c.name}" for c in users)
        operations.append(RemoveNetwork(subject=network.name, reason="taken down", after=after))
    going = {labels.secrets_volume(c.name) for c in observed.containers}
    operations.extend(
        RemoveVolume(subject=v.name, reason="taken down", after=removed)
        for v in observed.volumes
        if v.name not in going and (volumes or not labels.holds_data(v.name))
    )
    return ordered(operations)


def _removal(
    container: ObservedContainer, observed: Observed, grace: float | None, waits: tuple[str, ...]
) -> Iterator[Operation]:
    """A carrier, which holds others' volumes, goes before all of them."""
    carriers = _all_of(observed, "remove", frozenset({labels.CARRIER}))
    services = _all_of(observed, "stop", frozenset({"service"}))
    if container.state in _RUNNING:
        yield EndContainer(
            subject=container.name,
            service=container.service,
            grace=usual_grace(container.role) if grace is None else grace,
            reason="taken down",
            after=(*_users(container, observed), *waits),
        )
    yield RemoveContainer(
        subject=container.name,
        service=container.service,
        grace=None,
        reason="taken down",
        after=(
            f"stop {container.name}",
            *services,
            *(c for c in carriers if container.role != labels.CARRIER),
        ),
    )


def _users(container: ObservedContainer, observed: Observed) -> tuple[str, ...]:
    roles = _BEFORE.get(container.role, frozenset())
    if container.role != "database" or container.service is None:
        return _all_of(observed, "stop", roles)
    own = (c for c in observed.containers if c.service == container.service)
    return tuple(f"stop {c.name}" for c in own if c.role in roles)


def _all_of(observed: Observed, verb: str, roles: frozenset[str]) -> tuple[str, ...]:
    return tuple(f"{verb} {c.name}" for c in observed.containers if c.role in roles)
