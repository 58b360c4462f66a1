"""Observed → the plan that takes a project down: out of the registry first, data last and only if asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msctl import labels
from msctl.model.observed import ObservedContainer
from msctl.plan.graces import usual_grace
from msctl.plan.operations import Deregister, Operation, Plan, RemoveContainer, RemoveNetwork, RemoveVolume
from msctl.plan.order import ordered
from msctl.plan.situation import Situation

_BEFORE: Mapping[str, frozenset[str]] = {
    "service": frozenset({"gateway"}),
    "database": frozenset({"service"}),
    "broker": frozenset({"service"}),
    "registry": frozenset({"service", "gateway"}),
    "agent": frozenset({labels.CARRIER}),
}
"""Roles that must be gone before a role's containers are stopped."""

_FIRST = frozenset({"agent", labels.CARRIER})
"""The one would bring back what is taken down, and enter what is taken out; the other holds volumes."""


def teardown(situation: Situation, graces: Mapping[str, float], *, volumes: bool) -> Plan:
    """Remove everything; ``graces`` maps container names to seconds, ``volumes`` takes the data too."""
    observed = situation.observed
    operations: list[Operation] = []
    for container in observed.containers:
        operations.extend(_removal(container, situation, graces.get(container.name)))
    removed = tuple(f"remove {c.name}" for c in observed.containers)
    for network in observed.networks:
        users = [c for c in observed.containers if network.name in {*c.network_ids, *c.addresses}]
        after = tuple(f"remove {c.name}" for c in users)
        operations.append(RemoveNetwork(subject=network.name, reason="taken down", after=after))
    operations.extend(
        RemoveVolume(subject=v.name, reason="taken down", after=removed)
        for v in observed.volumes
        if volumes or not labels.holds_data(v.name)
    )
    return ordered(operations)


def _removal(container: ObservedContainer, situation: Situation, grace: float | None) -> Iterator[Operation]:
    entered = container.name in (situation.registered or {})
    first = _removals_of(situation, _FIRST)
    leave = Deregister(subject=container.name, service=container.service, reason="taken down", after=first)
    before = _removals_of(situation, _BEFORE.get(container.role, frozenset()))
    after = before if container.role in _FIRST else (*first, *before)
    if container.role == "registry":
        after = (*after, *(f"deregister {entry}" for entry in situation.registered or {}))
    elif entered and container.role not in _FIRST:
        after = (*after, leave.id)
    if entered:
        yield leave
    yield RemoveContainer(
        subject=container.name,
        service=container.service,
        grace=usual_grace(container.role) if grace is None else grace,
        reason="taken down",
        after=after,
    )


def _removals_of(situation: Situation, roles: frozenset[str]) -> tuple[str, ...]:
    return tuple(f"remove {c.name}" for c in situation.observed.containers if c.role in roles)
