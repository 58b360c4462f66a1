"""What a plan takes down: replaced, superfluous and forgotten containers, entries and networks; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msctl import labels
from msctl.model.desired import ContainerSpec, Desired
from msctl.model.observed import ObservedContainer
from msctl.plan.graces import usual_grace
from msctl.plan.operations import Deregister, Operation, RemoveContainer, RemoveNetwork
from msctl.plan.situation import Situation


def removal(
    found: ObservedContainer, situation: Situation, grace: float, reason: str, after: tuple[str, ...] = ()
) -> Iterator[Operation]:
    """Out of rotation if it is entered, its calls ended, then gone; ``grace`` in seconds.

    The agent may enter an instance that runs at any moment, so one counts as entered.
    """
    runs = situation.registered is not None and found.role == "service" and found.state == "running"
    if runs or found.name in (situation.registered or {}):
        yield Deregister(subject=found.name, service=found.service, reason=reason, after=after, grace=grace)
        after = (*after, f"deregister {found.name}")
    yield RemoveContainer(subject=found.name, service=found.service, grace=grace, reason=reason, after=after)


def orphans(desired: Desired, situation: Situation) -> list[ObservedContainer]:
    """Containers that nobody wants; a one-off one only if whoever ran it did not live to remove it."""
    wanted = {spec.name for spec in desired.containers}
    found = [c for c in situation.observed.containers if c.name not in wanted and c.role != labels.CARRIER]
    return [c for c in found if c.role != "task" or c.state == "exited"]


def leftovers(
    desired: Desired,
    chosen: Desired,
    situation: Situation,
    surges: Sequence[ContainerSpec],
    only: frozenset[str] | None,
    *,
    patient: bool,
) -> Iterator[Operation]:
    """What is no longer wanted; instances go once their siblings are in rotation, if ``patient``."""
    wanted = {spec.name for spec in (*desired.containers, *surges)}
    for surge in surges:
        rotation = _rotation(chosen, surge.service)
        yield Deregister(
            subject=surge.name,
            service=surge.service,
            reason="the update is done",
            after=rotation,
            grace=surge.stop_grace,
        )
        yield RemoveContainer(
            subject=surge.name,
            service=surge.service,
            reason="the update is done",
            grace=surge.stop_grace,
            after=(*rotation, f"deregister {surge.name}"),
        )
    for orphan in orphans(desired, situation):
        if orphan.name in wanted or (only is not None and orphan.service not in only):
            continue
        after = _rotation(chosen, orphan.service) if patient and orphan.role == "service" else ()
        yield from removal(orphan, situation, usual_grace(orphan.role), "no longer in the manifest", after)
    running = {c.name for c in situation.observed.containers}
    for entry in situation.registered or {}:
        if entry not in wanted and entry not in running and entry not in desired.externals:
            yield Deregister(subject=entry, reason="nothing runs behind this entry")
    kept = {network.name for network in desired.networks}
    for network in situation.observed.networks:
        if network.name not in kept:
            yield RemoveNetwork(
                subject=network.name,
                reason="no longer in the manifest",
                after=tuple(f"remove {c.name}" for c in situation.observed.containers),
            )


def registry_last(desired: Desired, spec: ContainerSpec, situation: Situation) -> tuple[str, ...]:
    """The registry is replaced after everything that has to be told to it, but for what waits for it."""
    if spec.role != "registry":
        return ()
    waiting = {c.name for c in desired.containers if c.instance is not None and c.instance > 1}
    instances = (c.name for c in situation.observed.containers if c.role == "service")
    told = dict.fromkeys((*(situation.registered or ()), *instances))
    return tuple(f"deregister {entry}" for entry in told if entry not in waiting)


def _rotation(chosen: Desired, service: str | None) -> tuple[str, ...]:
    siblings = [s for s in chosen.containers if s.role == "service" and s.service == service]
    return tuple(
        waited
        for sibling in siblings
        for waited in (f"register {sibling.name}", f"await registration of {sibling.name}")
    )
