"""Desired × situation → plan: pure, and empty when nothing differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from msctl import labels
from msctl.model.desired import ContainerSpec, Desired, SecretFile
from msctl.model.observed import ObservedContainer
from msctl.plan.addresses import address
from msctl.plan.allocate import allocate
from msctl.plan.carrier import carried, forgotten
from msctl.plan.confighash import config_hash, content_digest
from msctl.plan.decide import Decision, decide
from msctl.plan.differences import differences, summary
from msctl.plan.leftovers import leftovers, orphans, registry_last, removal
from msctl.plan.operations import (
    AwaitExternal,
    AwaitReady,
    AwaitRegistered,
    BuildImage,
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    Deregister,
    Operation,
    Plan,
    Register,
    StartContainer,
    UpdateFiles,
)
from msctl.plan.order import ordered
from msctl.plan.rolling import first_ones_first, judgements, rollings
from msctl.plan.situation import Endpoint, Situation
from msctl.plan.urgency import UNAWAITED


def reconcile(
    desired: Desired,
    situation: Situation,
    *,
    origin: str,
    only: frozenset[str] | None = None,
    anew: frozenset[str] = frozenset(),
) -> Plan:
    """The operations that make the project what ``desired`` says.

    Containers of another ``origin`` (allowed by then) are made anew, since labels cannot be changed.
    ``only`` restricts it to some services and the platform, ``anew`` are services whose containers are made
    anew although nothing changed.
    """
    decisions = {spec.name: _decision(spec, situation, origin, anew) for spec in desired.containers}
    rolling, surges = rollings(_chosen(desired, only), decisions, situation)
    whole = replace(desired, containers=(*desired.containers, *surges))
    decisions |= {spec.name: _decision(spec, situation, origin) for spec in surges}
    settled = _settled(desired, decisions, situation)
    chosen = _chosen(replace(whole, containers=allocate(whole, situation.observed)), only)
    operations: list[Operation] = [
        *_foundations(chosen, situation),
        *carried(chosen, decisions, situation),
    ]
    previous: dict[str | None, ContainerSpec] = {}
    for spec in first_ones_first(chosen.containers, rolling):
        before = previous.get(spec.service)
        operations.extend(_container(desired, spec, decisions[spec.name], situation, before, settled))
        previous[spec.service if spec.role == "service" else None] = spec
    operations.extend(judgements(rolling))
    operations.extend(_elsewhere(chosen, situation))
    registry = decisions.get(labels.container(desired.project, "registry"))
    patient = registry is not None and registry.action == "keep"
    operations.extend(leftovers(desired, chosen, situation, surges, only, patient=patient))
    cleared = forgotten(situation)
    operations = [replace(o, after=(*o.after, *(c.id for c in cleared))) for o in operations]
    return replace(ordered([*cleared, *operations]), rollings=rolling)


def _chosen(desired: Desired, only: frozenset[str] | None) -> Desired:
    if only is None:
        return desired

    def kept(service: str | None) -> bool:
        return service is None or service in only

    return replace(
        desired,
        networks=tuple(n for n in desired.networks if kept(n.service)),
        volumes=tuple(v for v in desired.volumes if kept(v.service)),
        builds=tuple(b for b in desired.builds if kept(b.service)),
        containers=tuple(c for c in desired.containers if kept(c.service)),
        externals={entry: service for entry, service in desired.externals.items() if kept(service)},
    )


def _elsewhere(desired: Desired, situation: Situation) -> Iterator[Operation]:
    """The agent enters them; so they are looked for once it works and knows of them."""
    agent = labels.container(desired.project, "agent")
    told = (f"await {agent}", f"register {agent}", f"update files of {agent}")
    for entry, service in desired.externals.items():
        if entry not in situation.passing:
            yield AwaitExternal(subject=entry, service=service, reason="runs elsewhere", after=told)


def _decision(
    spec: ContainerSpec, situation: Situation, origin: str, anew: frozenset[str] = frozenset()
) -> Decision:
    """Taken before addresses are allocated, since those are no part of the wish and of its hash."""
    found = situation.observed.container(spec.name)
    trouble = None
    if found is not None and not _networks_stand(spec, found, situation):
        trouble = "its network was replaced, or it was taken out of it"
    elif spec.name not in situation.healthy and _stale_files(spec, situation):
        trouble = "its files changed while it was not well"
    elif spec.role == "service" and spec.service in anew:
        trouble = "asked for"
    before = found.labels.get(labels.CONFIG, "") if found is not None else ""
    return decide(found, config_hash(spec), origin, trouble, summary(differences(before, spec)))


def _networks_stand(spec: ContainerSpec, found: ObservedContainer, situation: Situation) -> bool:
    """Whether the networks the container was made for are still there, and it in them.

    A namesake is another network. A container that does not run may not say where it belongs.
    """
    ids = {n.name: n.id for n in situation.observed.networks}
    if found.state == "running" and not {a.network for a in spec.attachments} <= set(found.network_ids):
        return False
    return all(
        ids.get(a.network) == found.network_ids.get(a.network, ids.get(a.network)) and a.network in ids
        for a in spec.attachments
    )


def _settled(desired: Desired, decisions: Mapping[str, Decision], situation: Situation) -> frozenset[str]:
    """Containers that need no waiting: kept and known to be well, and so is what they need.

    One that is provisioned counts only while all that need it stay as they are: it may bear their old
    password, and provisioning comes with waiting.
    """
    kept = {n for n, decision in decisions.items() if decision.action == "keep" and n in situation.healthy}
    kept -= {spec.name for spec in desired.containers if not kept.issuperset(spec.needs)}
    unsure = {need for spec in desired.containers if spec.name not in kept for need in spec.needs}
    provisioned = {spec.name for spec in desired.containers if spec.provision}
    return frozenset(kept - (unsure & provisioned))


def _foundations(desired: Desired, situation: Situation) -> Iterator[Operation]:
    networks = {n.name for n in situation.observed.networks}
    volumes = {v.name for v in situation.observed.volumes}
    for network in desired.networks:
        if network.name not in networks:
            yield CreateNetwork(subject=network.name, spec=network, service=network.service, reason="missing")
    for volume in desired.volumes:
        if volume.name not in volumes:
            yield CreateVolume(subject=volume.name, spec=volume, service=volume.service, reason="missing")
    for build in desired.builds:
        if build.reference not in situation.images:
            reason = "no image of these sources"
            yield BuildImage(subject=build.reference, build=build, service=build.service, reason=reason)


def _container(
    desired: Desired,
    spec: ContainerSpec,
    decision: Decision,
    situation: Situation,
    before: ContainerSpec | None,
    settled: frozenset[str],
) -> Iterator[Operation]:
    found = situation.observed.container(spec.name)
    if decision.action == "recreate" and found is not None:
        after = _rolled_after(desired, spec, before) + registry_last(desired, spec, situation)
        yield from removal(found, situation, spec.stop_grace, decision.reason, after)
    if decision.action in {"create", "recreate"}:
        old = (f"remove {spec.name}",) if found is not None else ()
        yield CreateContainer(
            subject=spec.name,
            spec=spec,
            config_hash=decision.config_hash,
            reason=decision.reason,
            service=spec.service,
            after=(*_before_start(spec), *old, f"fill secrets of {desired.project}"),
        )
    elif decision.action == "start":
        yield from _starting(spec, decision, situation)
    else:
        yield from _kept(desired, spec, situation)
    yield from _readiness(desired, spec, situation, settled=spec.name in settled)


def _starting(spec: ContainerSpec, decision: Decision, situation: Situation) -> Iterator[Operation]:
    """What it was known as while it lived is forgotten first: a dead instance's good name may linger."""
    if spec.name in (situation.registered or {}):
        yield Deregister(subject=spec.name, service=spec.service, reason=decision.reason)
    yield StartContainer(
        subject=spec.name,
        spec=spec,
        service=spec.service,
        reason=decision.reason,
        after=(*_before_start(spec), f"deregister {spec.name}"),
    )


def _kept(desired: Desired, spec: ContainerSpec, situation: Situation) -> Iterator[Operation]:
    """Files are replaced once what is no longer wanted is gone, so that nobody uses what they give up."""
    stale = _stale_files(spec, situation)
    if stale:
        names = ", ".join(file.name for file in stale)
        yield UpdateFiles(
            subject=spec.name,
            spec=spec,
            files=stale,
            service=spec.service,
            reason=f"{names} changed",
            after=tuple(f"remove {c.name}" for c in orphans(desired, situation)),
        )


def _readiness(
    desired: Desired, spec: ContainerSpec, situation: Situation, *, settled: bool
) -> Iterator[Operation]:
    if spec.role in UNAWAITED:
        return
    started = (f"create {spec.name}", f"start {spec.name}", f"update files of {spec.name}")
    if not settled:
        yield AwaitReady(
            subject=spec.name,
            spec=spec,
            service=spec.service,
            reason="must be ready",
            after=(*started, *_needs(spec), *_asked_through(desired, spec)),
        )
    registry = f"await {labels.container(desired.project, 'registry')}"
    ready = (f"await {spec.name}", registry)
    if spec.registration is not None and (not settled or not _registered(spec, situation)):
        yield Register(
            subject=spec.name,
            spec=spec,
            service=spec.service,
            reason="ready and not yet entered",
            after=ready,
        )
    if spec.self_registers and not settled:
        yield AwaitRegistered(
            subject=spec.name, spec=spec, service=spec.service, reason="registers itself", after=ready
        )


def _asked_through(desired: Desired, spec: ContainerSpec) -> tuple[str, ...]:
    """Probes over the network are made from the gateway's container, so that one must be well first."""
    asking = labels.container(desired.project, "gateway")
    over_network = spec.probe is not None and spec.probe.kind != "exec"
    return (f"await {asking}",) if over_network and spec.name != asking else ()


def _registered(spec: ContainerSpec, situation: Situation) -> bool:
    if situation.registered is None or spec.registration is None:
        return False
    wanted = Endpoint(spec.registration.name, _address(spec, situation), spec.registration.port)
    return situation.registered.get(spec.name) == wanted


def _address(spec: ContainerSpec, situation: Situation) -> str:
    first = spec.attachments[0]
    subnet = next((n.subnet for n in situation.observed.networks if n.name == first.network), None)
    return "" if subnet is None or first.host_index is None else address(subnet, first.host_index)


def _stale_files(spec: ContainerSpec, situation: Situation) -> tuple[SecretFile, ...]:
    digests = situation.digests.get(spec.name, {})
    return tuple(f for f in spec.secrets if f.live and digests.get(f.name) != content_digest(f.content))


def _before_start(spec: ContainerSpec) -> tuple[str, ...]:
    told = (*_foundation_ids(spec), *(f"update files of {need}" for need in spec.needs))
    return told if spec.waits else (*told, *_needs(spec))


def _needs(spec: ContainerSpec) -> tuple[str, ...]:
    return tuple(f"await {need}" for need in spec.needs)


def _foundation_ids(spec: ContainerSpec) -> tuple[str, ...]:
    networks = (f"create network {a.network}" for a in spec.attachments)
    volumes = (f"create volume {m.volume}" for m in spec.mounts)
    return (*networks, *volumes, f"build {spec.image}")


def _rolled_after(desired: Desired, spec: ContainerSpec, before: ContainerSpec | None) -> tuple[str, ...]:
    """An instance is only taken down for its successor once the one before it is back in rotation."""
    if before is None or spec.role != "service":
        return (f"build {spec.image}",)
    rotation = (
        *(f"register {before.name}", f"await registration of {before.name}"),
        f"judge {before.name}",
    )
    return (f"build {spec.image}", f"await {labels.container(desired.project, 'registry')}", *rotation)
