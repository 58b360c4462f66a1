"""A world of values that plans are applied to: what an engine and a registry would hold afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from msctl import labels
from msctl.model.desired import ContainerSpec, Desired
from msctl.model.observed import ContainerState, Observed, ObservedContainer, ObservedNetwork, ObservedVolume
from msctl.plan.addresses import address, candidate_subnets
from msctl.plan.confighash import content_digest
from msctl.plan.operations import (
    AwaitExternal,
    AwaitReady,
    AwaitRegistered,
    BuildImage,
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    Deregister,
    DeregisterAll,
    EndContainer,
    FillSecrets,
    Judge,
    Operation,
    Plan,
    Register,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
    StartContainer,
    StopContainer,
    UpdateFiles,
)
from msctl.plan.reconcile import reconcile
from msctl.plan.situation import Endpoint, Situation
from msctl.plan.urgency import UNAWAITED
from tests.unit.plan.projects import ORIGIN


@dataclass
class World:
    """Containers, networks, volumes, entries and images by name."""

    project: str = "shop"
    origin: str = ORIGIN
    containers: dict[str, ObservedContainer] = field(default_factory=dict)
    networks: dict[str, ObservedNetwork] = field(default_factory=dict)
    volumes: dict[str, ObservedVolume] = field(default_factory=dict)
    entries: dict[str, Endpoint] = field(default_factory=dict)
    digests: dict[str, dict[str, str]] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    ready: set[str] = field(default_factory=set)
    provisioned: set[str] = field(default_factory=set)
    made_networks: int = 0

    def situation(self) -> Situation:
        """One reading; the registry answers while its container runs."""
        answers = self.is_running(labels.container(self.project, "registry"))
        running = {c.name for c in self.containers.values() if c.state == "running"}
        return Situation(
            observed=self.observed(),
            registered=dict(self.entries) if answers else None,
            digests=self.digests,
            images=frozenset(self.images),
            healthy=frozenset(self.ready & running) if answers else frozenset(),
            passing=frozenset(self.entries) if answers else frozenset(),
        )

    def observed(self) -> Observed:
        """The engine's part."""
        return Observed(
            self.project,
            tuple(self.containers.values()),
            tuple(self.networks.values()),
            tuple(self.volumes.values()),
            subnets=tuple(n.subnet for n in self.networks.values() if n.subnet),
        )

    def is_running(self, name: str) -> bool:
        """Whether that container is there and running."""
        found = self.containers.get(name)
        return found is not None and found.state == "running"

    def plan(self, desired: Desired, only: frozenset[str] | None = None) -> Plan:
        """What it takes from here to ``desired``."""
        return reconcile(desired, self.situation(), origin=self.origin, only=only)

    def bring(self, desired: Desired) -> World:
        """This world after a whole ``up``, and after the agent has entered whom nobody waits for."""
        self.apply(self.plan(desired).operations)
        for spec in desired.containers:
            if spec.role in UNAWAITED:
                self.ready.add(spec.name)
                self._enter(spec)
        return self

    def apply(self, operations: Sequence[Operation]) -> World:
        """This world after ``operations``."""
        for operation in operations:
            self._perform(operation)
        return self

    def put(self, name: str, state: ContainerState) -> None:
        """Let a container be found in ``state``; one that does not run has no addresses."""
        found = self.containers[name]
        addresses = found.addresses if state in {"running", "paused"} else {}
        self.containers[name] = replace(found, state=state, addresses=addresses)

    def leave_carrier(self) -> str:
        """What a command leaves that is killed while it fills volumes."""
        name = labels.carrier(self.project)
        self.containers[name] = ObservedContainer(
            id=f"id-{name}",
            name=name,
            role=labels.CARRIER,
            service=None,
            instance=None,
            state="created",
            config_hash="",
            origin=self.origin,
            image="i",
            image_id="i",
        )
        return name

    def lose(self, name: str) -> None:
        """Take a container away behind msctl's back: its entry stays."""
        del self.containers[name]
        self.digests.pop(name, None)

    def _perform(self, operation: Operation) -> None:
        match operation:
            case BuildImage(build=build):
                self.images.add(build.reference)
            case CreateNetwork(spec=network):
                subnet = next(candidate_subnets(self.observed().subnets)) if network.addressed else None
                self.made_networks += 1
                identity = f"id-{self.made_networks}"
                self.networks[network.name] = ObservedNetwork(identity, network.name, subnet)
            case CreateVolume(spec=volume):
                self.volumes[volume.name] = ObservedVolume(volume.name)
            case CreateContainer(spec=spec, config_hash=config_hash):
                self._create(spec, config_hash)
            case StartContainer(spec=spec):
                found = self.containers[spec.name]
                assert found.network_ids == self._network_ids(spec), "its network is another one now"
                started = replace(found, state="running", addresses=self._places(spec))
                self.containers[spec.name] = started
            case UpdateFiles(spec=spec):
                assert self.is_running(spec.name)
                assert spec.name in self.ready, "one that is not well cannot be told"
                self._deliver(spec)
            case AwaitReady(spec=spec):
                assert self.is_running(spec.name)
                self.provisioned.add(spec.name)
                self.ready.add(spec.name)
            case Judge(subject=name):
                assert name in self.entries, "only one that takes calls can be judged"
            case Register(spec=spec) | AwaitRegistered(spec=spec):
                self._enter(spec)
            case _:
                self._perform_other(operation)

    def _perform_other(self, operation: Operation) -> None:
        match operation:
            case FillSecrets(specs=specs):
                assert all(s.name not in self.containers and s.secrets for s in specs)
                assert all(c.role != labels.CARRIER for c in self.containers.values()), "it is in the way"
            case AwaitExternal(subject=entry, service=service):
                self.entries[entry] = Endpoint(service or "", "mail.example", 80)
            case Deregister(subject=entry):
                assert self.is_running(labels.container(self.project, "registry"))
                self.entries.pop(entry, None)
            case DeregisterAll():
                assert self.is_running(labels.container(self.project, "registry"))
                self.entries.clear()
            case StopContainer(subject=name) | EndContainer(subject=name):
                self.containers[name] = replace(self.containers[name], state="exited")
                self.ready.discard(name)
            case RemoveContainer(subject=name, grace=grace):
                assert grace is not None or not self.is_running(name), "nothing has stopped it"
                del self.containers[name]
                self.volumes.pop(labels.secrets_volume(name), None)
                self.ready.discard(name)
            case RemoveNetwork(subject=name):
                assert all(name not in c.addresses for c in self.containers.values()), "still in use"
                del self.networks[name]
            case RemoveVolume(subject=name):
                del self.volumes[name]
            case _:
                raise AssertionError(f"unknown operation {operation.id}")

    def _create(self, spec: ContainerSpec, config_hash: str) -> None:
        assert spec.name not in self.containers, "the old container was not removed before"
        assert {a.network for a in spec.attachments} <= set(self.networks)
        self.provisioned.discard(spec.name)
        self.containers[spec.name] = ObservedContainer(
            id=f"id-{spec.name}",
            name=spec.name,
            role=spec.role,
            service=spec.service,
            instance=spec.instance,
            state="running",
            config_hash=config_hash,
            origin=self.origin,
            image=spec.image,
            image_id=spec.image_identity,
            addresses=self._places(spec),
            network_ids=self._network_ids(spec),
        )
        self._deliver(spec)

    def _enter(self, spec: ContainerSpec) -> None:
        assert self.is_running(labels.container(self.project, "registry"))
        name, port = spec.service or spec.role, 8000
        if spec.registration is not None:
            name, port = spec.registration.name, spec.registration.port
        found = self.containers[spec.name].addresses[self.project]
        self.entries[spec.name] = Endpoint(name, found, port)

    def _deliver(self, spec: ContainerSpec) -> None:
        self.digests[spec.name] = {f.name: content_digest(f.content) for f in spec.secrets if f.live}

    def _network_ids(self, spec: ContainerSpec) -> dict[str, str]:
        return {a.network: self.networks[a.network].id for a in spec.attachments}

    def _places(self, spec: ContainerSpec) -> dict[str, str]:
        places = {}
        for attachment in spec.attachments:
            subnet = self.networks[attachment.network].subnet
            fixed = attachment.host_index
            places[attachment.network] = address(subnet, fixed) if subnet and fixed else "172.20.0.9"
        taken = [c.addresses.get(self.project) for c in self.containers.values() if c.name != spec.name]
        assert places.get(self.project) not in [*filter(None, taken), ""], "address given twice"
        return places
