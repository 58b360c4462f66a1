"""Containers as they are → the plans that stop, start and restart them without changing them; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msctl import labels
from msctl.errors import UsageError
from msctl.model.desired import ContainerSpec
from msctl.model.observed import Observed, ObservedContainer
from msctl.model.upkeep import found_spec
from msctl.plan.graces import usual_grace
from msctl.plan.operations import (
    AwaitReady,
    AwaitRegistered,
    Deregister,
    Operation,
    Plan,
    Register,
    StartContainer,
    StopContainer,
)
from msctl.plan.order import ordered

_ASKED = "asked for"


def named(observed: Observed, names: Sequence[str]) -> tuple[ObservedContainer, ...]:
    """The containers that services, roles or container names mean; without names all instances of services.

    Raises ``UsageError`` for a name that means nothing here.
    """
    if not names:
        return tuple(c for c in observed.containers if c.role == "service")
    chosen: dict[str, ObservedContainer] = {}
    for name in names:
        found = [c for c in observed.containers if _means(name, c, observed.project)]
        if not found:
            known = sorted(
                {c.service if c.role == "service" and c.service else c.role for c in observed.containers}
            )
            raise UsageError(f"nothing here is called '{name}'", f"there are: {', '.join(known)}")
        chosen |= {c.name: c for c in found}
    return tuple(chosen.values())


def stopping(
    chosen: Sequence[ObservedContainer], entered: Collection[str], graces: Mapping[str, float]
) -> Plan:
    """Out of rotation, then down until somebody starts them."""
    return ordered(
        operation
        for container in chosen
        if container.state in {"running", "restarting", "paused"}
        for operation in _stop(container, entered, graces, stays_down=True)
    )


def starting(project: str, chosen: Sequence[ObservedContainer]) -> Plan:
    """Started, awaited and back in rotation."""
    return ordered(
        operation
        for container in chosen
        if container.state not in {"running", "restarting"}
        for operation in _start(project, container, after=())
    )


def restarting(
    project: str, chosen: Sequence[ObservedContainer], entered: Collection[str], graces: Mapping[str, float]
) -> Plan:
    """Each stopped and started; the instances of one service one after the other."""
    operations: list[Operation] = []
    before: dict[str, tuple[str, ...]] = {}
    for container in chosen:
        group = container.service if container.role == "service" and container.service else container.name
        after = before.get(group, ())
        operations += _stop(container, entered, graces, stays_down=False, after=after)
        operations += _start(project, container, after=(f"stop {container.name}",))
        before[group] = _rotation(container.name)
    return ordered(operations)


def _means(name: str, container: ObservedContainer, project: str) -> bool:
    if container.role == "service" and container.service == name:
        return True
    return name in {container.name, container.name.removeprefix(f"{project}-")}


def _stop(
    container: ObservedContainer,
    entered: Collection[str],
    graces: Mapping[str, float],
    *,
    stays_down: bool,
    after: tuple[str, ...] = (),
) -> Iterator[Operation]:
    name, service = container.name, container.service
    grace = graces.get(name, usual_grace(container.role))
    if name in entered:
        yield Deregister(subject=name, service=service, reason=_ASKED, after=after, grace=grace)
    yield StopContainer(
        subject=name,
        service=service,
        reason=_ASKED,
        grace=grace,
        stays_down=stays_down,
        after=(*after, f"deregister {name}"),
    )


def _start(project: str, container: ObservedContainer, after: tuple[str, ...]) -> Iterator[Operation]:
    spec = found_spec(container, project)
    if spec is None:
        return
    name, service = spec.name, spec.service
    yield StartContainer(subject=name, spec=spec, service=service, reason=_ASKED, after=after)
    yield from _back(project, spec)


def _back(project: str, spec: ContainerSpec) -> Iterator[Operation]:
    name, service = spec.name, spec.service
    asking = f"await {labels.container(project, 'gateway')}"
    after = (f"start {name}", *(() if asking == f"await {name}" else (asking,)))
    ready = (f"await {name}", f"await {labels.container(project, 'registry')}")
    yield AwaitReady(subject=name, spec=spec, service=service, reason="must be ready", after=after)
    if spec.registration is not None:
        yield Register(subject=name, spec=spec, service=service, reason="ready again", after=ready)
    if spec.self_registers:
        yield AwaitRegistered(
            subject=name, spec=spec, service=service, reason="registers itself", after=ready
        )


def _rotation(name: str) -> tuple[str, ...]:
    return (f"register {name}", f"await registration of {name}", f"await {name}")
