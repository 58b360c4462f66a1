"""Observed → the plan that takes a project down: clients turned away first, data last and only if asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msctl import labels
from msctl.model.observed import ObservedContainer
from msctl.plan.graces import usual_grace
from msctl.plan.operations import (
    Deregister,
    Operation,
    Plan,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
    StopContainer,
)
from msctl.plan.order import ordered
from msctl.plan.situation import Situation

_BEFORE: Mapping[str, frozenset[str]] = {
    "service": frozenset({"gateway"}),
    "database": frozenset({"service"}),
    "broker": frozenset({"service"}),
    "registry": frozenset({"service", "gateway"}),
}
"""Roles that must have stopped before a role's containers are. Who is removed first is all the same."""

_ASKED = frozenset({"registry", "gateway"})
"""Roles that entries are taken out by: the gateway is the way to the registry of a remote engine."""

_RUNNING = frozenset({"running", "restarting", "paused"})


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
    """The agent stops before an entry is taken out: it would enter what still runs again.

    A carrier, which holds others' volumes, goes before all of them.
    """
    seconds = usual_grace(container.role) if grace is None else grace
    carriers = _all_of(situation, "remove", frozenset({labels.CARRIER}))
    before = _all_of(situation, "stop", _BEFORE.get(container.role, frozenset()))
    if container.role in _ASKED:
        before = (*before, *(f"deregister {entry}" for entry in situation.registered or {}))
    if container.name in (situation.registered or {}):
        agents = _all_of(situation, "stop", frozenset({"agent"}))
        yield Deregister(subject=container.name, service=container.service, reason="taken down", after=agents)
    if container.state in _RUNNING:
        yield StopContainer(
            subject=container.name,
            service=container.service,
            grace=seconds,
            stays_down=False,
            reason="taken down",
            after=before,
        )
    yield RemoveContainer(
        subject=container.name,
        service=container.service,
        grace=seconds,
        reason="taken down",
        after=(f"stop {container.name}", *(c for c in carriers if container.role != labels.CARRIER)),
    )


def _all_of(situation: Situation, verb: str, roles: frozenset[str]) -> tuple[str, ...]:
    return tuple(f"{verb} {c.name}" for c in situation.observed.containers if c.role in roles)
