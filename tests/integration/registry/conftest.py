"""A Consul container that boots as the platform's does: our file, not root, data on a volume."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from msctl import labels
from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from msctl.errors import RegistryError
from msctl.model.desired import Mount, NetworkSpec, VolumeSpec
from msctl.registry import config
from msctl.registry.client import Registry
from tests.integration.registry.containers import specification
from tests.integration.sweeping import sweep
from tests.integration.waiting import eventually

BOOT_DEADLINE = 90.0


@dataclass(frozen=True, slots=True)
class RunningConsul:
    """A booted Consul server; ``configuration`` is what it was started with."""

    engine: DockerEngine
    identity: Identity
    configuration: dict[str, Any]

    @property
    def name(self) -> str:
        """Its container."""
        return labels.container(self.identity.project, "registry")

    @property
    def address(self) -> str:
        """Its HTTP API on our loopback."""
        host, port = self.engine.inspect(self.name).ports[config.HTTP_PORT]
        return f"{host}:{port}"

    @property
    def inner_address(self) -> str:
        """Its address in the project network."""
        return self.engine.inspect(self.name).addresses[self.identity.project]

    def start(self) -> None:
        """Create and start it; its volume and network are there."""
        project = self.identity.project
        mount = Mount(labels.data_volume(project, "registry"), config.DATA_DIRECTORY)
        spec = specification(project, self.name, "registry", self.configuration, mount)
        self.engine.create_container(self.identity, spec, "h", {})
        self.engine.start_container(self.identity, self.name)


def _booted(engine: DockerEngine, configuration: dict[str, Any]) -> Iterator[RunningConsul]:
    identity = Identity(f"t{uuid.uuid4().hex[:10]}", "integration-tests")
    running = RunningConsul(engine, identity, configuration)
    volume = labels.data_volume(identity.project, "registry")
    try:
        engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
        engine.create_volume(identity, VolumeSpec(volume, "registry"))
        running.start()
        yield running
    finally:
        sweep(engine.client, identity.project)


@pytest.fixture(scope="session")
def consul(docker_engine: DockerEngine) -> Iterator[RunningConsul]:
    """One Consul for the tests that leave nothing behind."""
    yield from _booted(docker_engine, config.server_configuration())


@pytest.fixture
def own_consul(docker_engine: DockerEngine) -> Iterator[RunningConsul]:
    """A Consul of the test's own, to be stopped and started."""
    yield from _booted(docker_engine, config.server_configuration())


@pytest.fixture
def guarded_consul(docker_engine: DockerEngine) -> Iterator[RunningConsul]:
    """A Consul that denies by default; its management token is ``GUARD``."""
    guarded = config.server_configuration() | {
        "acl": {"enabled": True, "default_policy": "deny", "tokens": {"master": GUARD}}
    }
    yield from _booted(docker_engine, guarded)


GUARD = "5f3b8a52-2f5f-4f0a-9d3e-7f7a1c0d9e11"


@pytest.fixture
def registry(consul: RunningConsul) -> Iterator[Registry]:
    """Our client of ``consul``, with a leader elected."""
    client = Registry(consul.address)
    await_leader(client)
    yield client
    client.close()


def await_leader(registry: Registry) -> None:
    """Return as soon as a leader is elected, and knows the registry's token, which it does a moment later."""

    def elected() -> str | None:
        try:
            registry.entries("nobody")
            return registry.leader()
        except RegistryError:
            return None

    eventually(elected, timeout=BOOT_DEADLINE)
