"""Real databases and a real broker in containers, reached through ports published on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msctl import labels
from msctl.broker import config
from msctl.broker.definitions import definitions, render
from msctl.broker.permissions import rights
from msctl.broker.topology import topology
from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    NetworkSpec,
    PortBinding,
    SecretFile,
    VolumeSpec,
)
from msctl.model.project import Project, Service, Subscription
from msctl.model.secret import Secret
from tests.integration.role_image import role_image

PASSWORD = "integration"
REDIS = (
    "bind * -::*",
    "protected-mode no",
    "dir /data",
    "user default off",
    "user tests on >{password} ~* &* +@all -@admin",
)
VHOST = "shop"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one component is run."""

    role: str
    port: int
    data: str
    files: Mapping[str, str]
    environment: Mapping[str, str]
    command: tuple[str, ...] = ()
    run: str = ""


def declared_services() -> dict[str, Service]:
    """Who publishes and subscribes what in the broker."""
    orders = Service(
        "orders", build=Path(), publishes=("order.placed",), subscribes=(Subscription("payment.*"),)
    )
    payments = Service(
        "payments", build=Path(), publishes=("payment.captured",), subscribes=(Subscription("order.placed"),)
    )
    return {"orders": orders, "payments": payments}


def _broker_files() -> dict[str, str]:
    wanted = topology(Project(VHOST, Path(), "0", declared_services()))
    passwords = {right.user: Secret(PASSWORD) for right in rights(wanted)}
    return {
        "rabbitmq.conf": config.server_configuration(),
        "enabled_plugins": config.enabled_plugins(),
        "definitions.json": render(definitions(wanted, passwords)),
    }


def recipes() -> dict[str, Recipe]:
    """Every component, by its role."""
    secret = {"password": PASSWORD}
    where = "/run/secrets/password"
    postgres = {"POSTGRES_USER": "tests", "POSTGRES_PASSWORD_FILE": where}
    redis = "\n".join(REDIS).format(password=PASSWORD)
    mariadb = {"MARIADB_ROOT_PASSWORD_FILE": where}
    known = (
        Recipe("postgres", 5432, "/var/lib/postgresql/data", secret, postgres, run="/var/run/postgresql"),
        Recipe("mariadb", 3306, "/var/lib/mysql", secret, mariadb, run="/run/mysqld"),
        Recipe(
            "redis", 6379, "/data", {"redis.conf": redis}, {}, ("redis-server", "/run/secrets/redis.conf")
        ),
        Recipe("broker", config.AMQP_PORT, config.DATA_DIRECTORY, _broker_files(), config.environment()),
    )
    return {recipe.role: recipe for recipe in known}


@dataclass(frozen=True, slots=True)
class Component:
    """A started component: its container, and where it listens."""

    engine: DockerEngine
    name: str
    port: int

    @property
    def address(self) -> str:
        """``host:port`` for the tests; a restarted container has a new port."""
        host, port = self.engine.inspect(self.name).ports[self.port]
        return f"{host}:{port}"


def start(engine: DockerEngine, identity: Identity, role: str) -> Component:
    """Start one component in a project of its own; it is not ready yet."""
    recipe = recipes()[role]
    name, volume = labels.container(identity.project, role), labels.data_volume(identity.project, role)
    image = role_image(role)
    specification = ContainerSpec(
        name=name,
        role="broker" if role == "broker" else "database",
        image=image,
        image_identity=image,
        user="999:999",
        environment=recipe.environment,
        secrets=tuple(SecretFile(file, Secret(text)) for file, text in recipe.files.items()),
        attachments=(Attachment(identity.project),),
        mounts=(Mount(volume, recipe.data),),
        ports=(PortBinding(recipe.port),),
        tmpfs={recipe.run: "mode=1777,uid=999,gid=999"} if recipe.run else {},
        command=recipe.command,
        hostname=role,
    )
    engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
    engine.create_volume(identity, VolumeSpec(volume, specification.role))
    engine.create_container(identity, specification, "h", {})
    engine.start_container(identity, name)
    return Component(engine, name, recipe.port)
