"""A RabbitMQ container that boots as the platform's does: our files, our environment, not root."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pika
import pytest

from msctl import labels
from msctl.agent.prober import Target, probe
from msctl.broker import config
from msctl.broker.client import Broker
from msctl.broker.commands import EXPORT_DEFINITIONS, Command
from msctl.broker.definitions import definitions, render
from msctl.broker.permissions import PLATFORM_USER
from msctl.broker.topology import Topology
from msctl.engine.docker import DockerEngine
from msctl.engine.port import ExecResult, Identity
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    NetworkSpec,
    PortBinding,
    SecretFile,
    VolumeSpec,
)
from msctl.model.secret import Secret
from msctl.plan.addresses import amqp_url
from tests.integration.broker.declared import declared, passwords
from tests.integration.role_image import role_image
from tests.integration.sweeping import sweep
from tests.integration.waiting import eventually


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A booted broker and how to reach it as each of its users."""

    engine: DockerEngine
    identity: Identity
    topology: Topology

    @property
    def name(self) -> str:
        """Its container."""
        return labels.container(self.identity.project, "broker")

    def url(self, user: str, password: Secret | None = None) -> Secret:
        """AMQP URL of ``user`` through the published port."""
        _, port = self.engine.inspect(self.name).ports[config.AMQP_PORT]
        known = password or passwords(self.topology).get(user, Secret("unknown"))
        return amqp_url(user, known, self.topology.vhost, "127.0.0.1", port)

    def as_user(self, user: str) -> Broker:
        """Our client, logged in as ``user``."""
        return Broker(self.url(user))

    def channel(self, user: str) -> Any:
        """A bare pika channel of ``user``, with confirms; close its connection."""
        channel = pika.BlockingConnection(pika.URLParameters(self.url(user).reveal())).channel()
        channel.confirm_delivery()
        return channel

    def run(self, command: Command) -> ExecResult:
        """Run a command in the container; it must succeed."""
        result = self.engine.execute(self.name, command, timeout=180)
        assert result.exit_code == 0, result.output
        return result

    def export(self) -> dict[str, Any]:
        """Everything the broker holds."""
        document: dict[str, Any] = json.loads(self.run(EXPORT_DEFINITIONS).output)
        return document

    def deliver(self, document: Mapping[str, Any]) -> None:
        """Replace the definitions file in the running container."""
        files = [SecretFile("definitions.json", Secret(render(document)))]
        self.engine.deliver_secrets(self.identity, self.name, files)


def _specification(project: str, name: str, volume: str, files: Mapping[str, str]) -> ContainerSpec:
    image = role_image("broker")
    return ContainerSpec(
        name=name,
        role="broker",
        image=image,
        image_identity=image,
        user="999:999",
        environment=config.environment(),
        secrets=tuple(SecretFile(file, Secret(text)) for file, text in files.items()),
        attachments=(Attachment(project),),
        mounts=(Mount(volume, config.DATA_DIRECTORY),),
        ports=(PortBinding(config.AMQP_PORT),),
        hostname="broker",
    )


async def _greets(engine: DockerEngine, name: str) -> bool:
    container = engine.inspect(name)
    assert container.state == "running", [line.text for line in engine.logs(name)]
    host, port = container.ports[config.AMQP_PORT]
    return (await probe(Target("broker", "amqp", host, port, "/", 1.0, 1.0))).ok


@pytest.fixture(scope="session")
def broker(docker_engine: DockerEngine) -> Iterator[RunningBroker]:
    """One broker for all tests, booted with the definitions of ``declared``."""
    identity = Identity(f"t{uuid.uuid4().hex[:10]}", "integration-tests")
    running = RunningBroker(docker_engine, identity, declared(identity.project))
    volume = labels.data_volume(identity.project, "broker")
    files = {
        "rabbitmq.conf": config.server_configuration(),
        "enabled_plugins": config.enabled_plugins(),
        "definitions.json": render(definitions(running.topology, passwords(running.topology))),
    }
    try:
        docker_engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
        docker_engine.create_volume(identity, VolumeSpec(volume, "broker"))
        specification = _specification(identity.project, running.name, volume, files)
        docker_engine.create_container(identity, specification, "h", {})
        docker_engine.start_container(identity, running.name)
        eventually(lambda: asyncio.run(_greets(docker_engine, running.name)), timeout=240)
        yield running
    finally:
        sweep(docker_engine.client, identity.project)


@pytest.fixture
def platform(broker: RunningBroker) -> Iterator[Broker]:
    """Our client as the platform's own user, with every queue empty."""
    with broker.as_user(PLATFORM_USER) as client:
        channel = broker.channel(PLATFORM_USER)
        for queue in broker.topology.queues:
            channel.queue_purge(queue.name)
        channel.connection.close()
        yield client
