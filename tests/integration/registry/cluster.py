"""Three Consul servers and a client agent in a network of their own; servers are killed and started again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from msctl import labels
from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from msctl.errors import RegistryError
from msctl.model.desired import Mount, NetworkSpec, VolumeSpec
from msctl.registry import config
from msctl.registry.client import Registry
from tests.integration.free_subnet import free_subnet
from tests.integration.registry.containers import specification
from tests.integration.sweeping import sweep
from tests.integration.waiting import eventually

SERVERS = ("server-1", "server-2", "server-3")
CLIENT = "client"
PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Members by name; addresses in the network are fixed, so that a server comes back where it was."""

    engine: DockerEngine
    identity: Identity

    def address(self, member: str) -> str:
        """Its HTTP API on our loopback."""
        host, port = self.engine.inspect(self.container(member)).ports[config.HTTP_PORT]
        return f"{host}:{port}"

    def container(self, member: str) -> str:
        """The name of its container."""
        return labels.container(self.identity.project, member)

    def kill(self, *members: str) -> None:
        """Kill them; they stay down."""
        for member in members:
            self.engine.signal_container(self.identity, self.container(member), "SIGKILL")

    def start(self, *members: str) -> None:
        """Start them, with the data that they had."""
        with ThreadPoolExecutor(len(members)) as pool:
            list(pool.map(lambda m: self.engine.start_container(self.identity, self.container(m)), members))

    def await_leader(self, member: str, present: bool = True) -> None:
        """Return once ``member`` knows a leader, or knows that there is none."""
        registry = Registry(self.address(member))

        def settled() -> bool:
            try:
                return bool(registry.leader()) is present
            except RegistryError:
                return False

        eventually(settled, timeout=PATIENCE)
        registry.close()


@contextmanager
def cluster(engine: DockerEngine) -> Iterator[Cluster]:
    """All members up, with a leader that each of them knows."""
    identity = Identity(f"t{uuid.uuid4().hex[:10]}", "integration-tests")
    made = Cluster(engine, identity)
    try:
        subnet = free_subnet(engine)
        engine.create_network(identity, NetworkSpec(identity.project, "project", addressed=True), str(subnet))
        for number, member in enumerate((*SERVERS, CLIENT), start=10):
            _create(made, member, str(subnet[number]))
        made.start(*SERVERS, CLIENT)
        for member in (*SERVERS, CLIENT):
            made.await_leader(member)
        yield made
    finally:
        sweep(engine.client, identity.project)


def _create(cluster: Cluster, member: str, address: str) -> None:
    identity = cluster.identity
    project, volume = identity.project, labels.data_volume(identity.project, member)
    cluster.engine.create_volume(identity, VolumeSpec(volume, "registry"))
    mount = Mount(volume, config.DATA_DIRECTORY)
    spec = specification(project, cluster.container(member), member, _configuration(member, address), mount)
    cluster.engine.create_container(identity, spec, "h", {project: address})


def _configuration(member: str, address: str) -> dict[str, Any]:
    """The platform's own, but for what makes a cluster of it."""
    joined = config.server_configuration() | {
        "node_name": member,
        "bind_addr": address,
        "advertise_addr": address,
        "retry_join": list(SERVERS),
        "retry_interval": "500ms",
        "bootstrap_expect": len(SERVERS),
    }
    if member == CLIENT:
        del joined["bootstrap_expect"]
        joined["server"] = False
    return joined
