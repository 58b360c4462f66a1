"""Networks and volumes of the in-memory engine."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from itertools import count

from msctl import labels
from msctl.engine.memory.records import marks, owned
from msctl.engine.port import Identity
from msctl.errors import NameConflict, ObjectMissing, SubnetTaken
from msctl.model.desired import NetworkSpec, VolumeSpec
from msctl.model.observed import ObservedNetwork, ObservedVolume


class MemoryStorage:
    """Not thread-safe: the engine holds its lock around every call."""

    def __init__(self) -> None:
        self.networks: dict[str, ObservedNetwork] = {}
        self.volumes: dict[str, ObservedVolume] = {}
        self._ids = count(1)
        self._hosts: dict[str, count[int]] = {}

    def create_network(self, identity: Identity, spec: NetworkSpec, subnet: str | None) -> None:
        """Create it unless it is there; a foreign one is a conflict."""
        found = self.networks.get(spec.name)
        if found is not None:
            _refuse_foreign("network", spec.name, found, identity)
            return
        if subnet is not None and any(_overlap(subnet, n.subnet) for n in self.networks.values()):
            raise SubnetTaken(f"network '{spec.name}' cannot have {subnet}: it overlaps another one")
        number = next(self._ids)
        self.networks[spec.name] = ObservedNetwork(
            f"network-{number}",
            spec.name,
            subnet or f"172.{16 + number % 16}.{number // 16}.0/24",
            marks(identity, role=spec.role, service=spec.service),
        )

    def create_volume(self, identity: Identity, spec: VolumeSpec) -> None:
        """Create it unless it is there; a foreign one is a conflict."""
        found = self.volumes.get(spec.name)
        if found is not None:
            _refuse_foreign("volume", spec.name, found, identity)
            return
        held = marks(identity, role=spec.role, service=spec.service, image_kind=spec.image_kind)
        self.volumes[spec.name] = ObservedVolume(spec.name, held)

    def remove_network(self, identity: Identity, name: str) -> None:
        """Remove it if it is the project's."""
        found = self.networks.get(name)
        if found is not None and owned(found, identity.project):
            del self.networks[name]

    def remove_volume(self, identity: Identity, name: str) -> None:
        """Remove it if it is the project's."""
        found = self.volumes.get(name)
        if found is not None and owned(found, identity.project):
            del self.volumes[name]

    def require_networks(self, names: list[str]) -> None:
        """Raise ``ObjectMissing`` for the first that is absent."""
        for name in names:
            if name not in self.networks:
                raise ObjectMissing(f"network '{name}' does not exist", hint="'msctl up' makes it")

    def places(self, networks: list[str], fixed: Mapping[str, str]) -> dict[str, str]:
        """A container's addresses in these networks."""
        return {name: fixed.get(name) or self._free_address(name) for name in networks}

    def _free_address(self, network: str) -> str:
        """The next address of a network; low ones are left to whoever asks for fixed ones."""
        subnet = self.networks[network].subnet
        host = next(self._hosts.setdefault(network, count(100)))
        return str(ip_network(subnet or "172.31.0.0/16")[host])

    def adopt_volume(self, name: str, held: dict[str, str]) -> None:
        """Make the volume a container mounts, unless it is there."""
        self.volumes.setdefault(name, ObservedVolume(name, held))

    def clear_secrets(self, identity: Identity, container: str) -> None:
        """Make room for a container's secrets; a foreign volume in their place is a conflict."""
        name = labels.secrets_volume(container)
        found = self.volumes.get(name)
        if found is not None:
            _refuse_foreign("volume", name, found, identity)
            del self.volumes[name]


def _refuse_foreign(
    kind: str, name: str, found: ObservedNetwork | ObservedVolume, identity: Identity
) -> None:
    if not owned(found, identity.project):
        raise NameConflict(f"{kind} '{name}' is not msctl's; it was left untouched")


def _overlap(one: str, other: str | None) -> bool:
    return other is not None and ip_network(one).overlaps(ip_network(other))
