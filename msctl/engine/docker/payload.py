"""The engine's arguments for what msctl creates, built as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from msctl import labels
from msctl.engine.docker.labelling import (
    carrier_labels,
    companion_labels,
    container_labels,
    network_labels,
    volume_labels,
)
from msctl.errors import EngineError

if TYPE_CHECKING:
    from msctl.engine.port import Identity
    from msctl.model.desired import Attachment, ContainerSpec, NetworkSpec, PortBinding, VolumeSpec

ALWAYS = "unless-stopped"
NEVER = "no"
SECRETS_FOLDER = "/run/secrets"
ENGINE_SOCKET = "/var/run/docker.sock"
MTU_OPTION = "com.docker.network.driver.mtu"
NO_ADDRESS_OPTION = "com.docker.network.bridge.inhibit_ipv4"
_PROCESSES = 4096
_LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}


def network_payload(
    identity: Identity, spec: NetworkSpec, subnet: str | None, mtu: str | None
) -> dict[str, Any]:
    """Body of the request that creates a network.

    A database's network has no way out, and the host no address in it: while the engine writes its packet
    filters anew, for instance for another project's network, it forwards between networks for a moment.
    """
    private = spec.role == "database"
    options = {**({MTU_OPTION: mtu} if mtu else {}), **({NO_ADDRESS_OPTION: "true"} if private else {})}
    addressing = {"Driver": "default", "Config": [{"Subnet": subnet}]} if subnet else None
    return {
        "Name": spec.name,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Labels": network_labels(identity, spec),
        **({"IPAM": addressing} if addressing else {}),
        **({"Internal": True} if private else {}),
        **({"Options": options} if options else {}),
    }


def volume_payload(identity: Identity, spec: VolumeSpec) -> dict[str, Any]:
    """Body of the request that creates a volume."""
    return {"Name": spec.name, "Driver": "local", "Labels": volume_labels(identity, spec)}


def container_payload(
    identity: Identity,
    spec: ContainerSpec,
    config_hash: str,
    *,
    addresses: Mapping[str, str],
    resolvers: tuple[str, ...],
    init: bool,
    engine_socket: str = "",
) -> dict[str, Any]:
    """Body of the request that creates a container, attached to its first network only.

    Engines before API 1.44 take one network at creation; the others are connected before the start.
    """
    first = spec.attachments[:1]
    return {
        "Image": spec.image,
        "Env": [f"{key}={value}" for key, value in spec.environment.items()],
        "Labels": container_labels(identity, spec, config_hash),
        "ExposedPorts": {_port(binding): {} for binding in spec.ports},
        "StopTimeout": max(1, math.ceil(spec.stop_grace)),
        "HostConfig": _host(identity, spec, resolvers, init, engine_socket),
        "NetworkingConfig": {"EndpointsConfig": {a.network: endpoint(a, addresses) for a in first}},
        **_input(spec),
        **_chosen(
            Cmd=list(spec.command), User=spec.user, Hostname=spec.hostname, StopSignal=spec.stop_signal
        ),
    }


def _input(spec: ContainerSpec) -> dict[str, Any]:
    """Standard input ends with whoever is attached to it."""
    if spec.attached is None:
        return {}
    return {"OpenStdin": True, "StdinOnce": True, "Tty": spec.attached == "terminal"}


def carrier_payload(identity: Identity, specs: Sequence[ContainerSpec]) -> dict[str, Any]:
    """Body of the request that creates a container that never runs, with the secrets volumes of ``specs``.

    Each is mounted at the root under the name of the container it is for.
    """
    mounts = [_secrets_mount(identity, spec, f"/{spec.name}") for spec in specs]
    return {
        "Image": specs[0].image,
        "Labels": carrier_labels(identity),
        "HostConfig": {"NetworkMode": "none", "Mounts": mounts},
    }


def endpoint(attachment: Attachment, addresses: Mapping[str, str]) -> dict[str, Any]:
    """A container's place in one network."""
    fixed = addresses.get(attachment.network)
    return {
        "Aliases": list(attachment.aliases),
        **({"IPAMConfig": {"IPv4Address": fixed}} if fixed else {}),
    }


def resolver_addresses(dns: tuple[str, ...], subnet: str | None) -> tuple[str, ...]:
    """Resolvers as addresses; ``"@2"`` is host 2 of ``subnet``."""
    return tuple(_host_address(entry, subnet) if entry.startswith("@") else entry for entry in dns)


def _host_address(entry: str, subnet: str | None) -> str:
    if subnet is None:
        raise EngineError(f"resolver {entry} needs a project network with a subnet of its own")
    return str(ip_network(subnet)[int(entry[1:])])


def _host(
    identity: Identity, spec: ContainerSpec, resolvers: tuple[str, ...], init: bool, engine_socket: str
) -> dict[str, Any]:
    return {
        "NetworkMode": spec.attachments[0].network if spec.attachments else "none",
        "RestartPolicy": {"Name": NEVER if spec.role == "task" else ALWAYS},
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "LogConfig": _LOG,
        "PidsLimit": _PROCESSES,
        "ReadonlyRootfs": spec.read_only,
        "PortBindings": _published(spec.ports),
        "Mounts": _mounts(identity, spec, engine_socket),
        **_chosen(
            Init=init,
            Tmpfs=dict(spec.tmpfs),
            Dns=list(resolvers),
            DnsSearch=list(spec.dns_search),
            Memory=spec.memory,
            MemorySwap=spec.memory,
            NanoCpus=None if spec.cpus is None else round(spec.cpus * 1e9),
            CpuShares=spec.cpu_shares,
        ),
    }


def _mounts(identity: Identity, spec: ContainerSpec, engine_socket: str) -> list[dict[str, Any]]:
    """Data volumes take over what the image has at their place; the secrets volume starts empty."""
    marks = companion_labels(identity, spec)
    mounts: list[dict[str, Any]] = [
        {
            "Type": "volume",
            "Source": mount.volume,
            "Target": mount.target,
            "ReadOnly": mount.read_only,
            "VolumeOptions": {"Labels": marks},
        }
        for mount in spec.mounts
    ]
    if spec.secrets:
        mounts.append(_secrets_mount(identity, spec, SECRETS_FOLDER))
    if spec.engine_socket:
        mounts.append({"Type": "bind", "Source": engine_socket, "Target": ENGINE_SOCKET, "ReadOnly": True})
    return mounts


def _secrets_mount(identity: Identity, spec: ContainerSpec, target: str) -> dict[str, Any]:
    return {
        "Type": "volume",
        "Source": labels.secrets_volume(spec.name),
        "Target": target,
        "ReadOnly": False,
        "VolumeOptions": {"NoCopy": True, "Labels": companion_labels(identity, spec)},
    }


def _published(bindings: tuple[PortBinding, ...]) -> dict[str, list[dict[str, str]]]:
    published: dict[str, list[dict[str, str]]] = {}
    for binding in bindings:
        place = {"HostIp": binding.host_address, "HostPort": str(binding.host_port or "")}
        published.setdefault(_port(binding), []).append(place)
    return published


def _port(binding: PortBinding) -> str:
    return f"{binding.container_port}/tcp"


def _chosen(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {}, False)}
