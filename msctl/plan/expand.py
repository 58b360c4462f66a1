"""Project → desired: every network, volume, image and container a manifest stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from msctl import labels
from msctl.model.desired import (
    Build,
    ContainerSpec,
    Desired,
    ImageFact,
    NetworkSpec,
    SecretFile,
    VolumeSpec,
)
from msctl.model.external import externals
from msctl.model.project import Database, Project, Service
from msctl.model.secret import Secret
from msctl.plan import databases, platform, services


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords by service name: of its role, of its database's superuser, and of its broker user.

    ``registry`` are tokens for Consul by party, ``clients`` secrets for the token endpoint by client.
    ``former`` are passwords of databases that are being replaced and valid until then, ``second`` the
    services whose present password belongs to the second of their two logins.
    """

    database: Mapping[str, Secret]
    superuser: Mapping[str, Secret]
    broker: Mapping[str, Secret]
    registry: Mapping[str, Secret] = field(default_factory=dict)
    clients: Mapping[str, Secret] = field(default_factory=dict)
    former: Mapping[str, Secret] = field(default_factory=dict)
    second: frozenset[str] = frozenset()

    def login(self, service: str) -> databases.Login:
        """By which ``service`` and the superuser enter its database."""
        password, superuser = self.database[service], self.superuser[service]
        return databases.Login(
            service, password, superuser, self.former.get(service), second=service in self.second
        )


@dataclass(frozen=True, slots=True)
class BrokerRuntime:
    """The broker's environment, and the command that makes it read its definitions again."""

    environment: Mapping[str, str]
    reload: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What expansion needs besides the manifest.

    ``images`` maps roles, and ``databases`` and ``services`` map service names, to the image to
    use; ``platform_files`` maps platform roles to the files under /run/secrets; ``event_schemas`` maps
    service names to the schemas of their events, as text.
    """

    images: Mapping[str, ImageFact]
    databases: Mapping[str, ImageFact]
    services: Mapping[str, ImageFact]
    credentials: Credentials
    platform_files: Mapping[str, tuple[SecretFile, ...]] = field(default_factory=dict)
    broker: BrokerRuntime = BrokerRuntime({}, ())
    event_schemas: Mapping[str, str] = field(default_factory=dict)


def roles(project: Project) -> tuple[str, ...]:
    """The platform images that ``project`` needs, the runtime first; databases are chosen apart."""
    broker = ("broker",) if project.uses_broker else ()
    metrics = ("metrics",) if project.platform.metrics else ()
    return ("runtime", "registry", *broker, *metrics)


def outline(project: Project) -> Desired:
    """The same with its names only, before any image or password is known."""
    nothing = {name: Secret("") for name in project.services}
    fact = ImageFact("", "")
    facts = dict.fromkeys(project.services, fact)
    images = dict.fromkeys(roles(project), fact)
    return expand(project, Inputs(images, facts, facts, Credentials(nothing, nothing, nothing)))


def expand(project: Project, inputs: Inputs) -> Desired:
    """Everything that ``project`` should have on its engine."""
    here = [s for s in project.services.values() if s.external is None]
    data = [_database(project, s, s.database, inputs) for s in here if s.database is not None]
    platform_part = _platform(project, inputs)
    instances = [_instance(project, s, number, inputs) for s in here for number in range(1, s.replicas + 1)]
    return Desired(
        project.name,
        (_project_network(project), *(_private_network(spec) for spec in data)),
        tuple(_volume(spec, inputs) for spec in (*platform_part, *data) if spec.mounts),
        tuple(_build(project, s, s.build, inputs) for s in here if s.build is not None),
        (*platform_part, *data, *instances),
        {one.id: one.service for one in externals(project)},
    )


def _platform(project: Project, inputs: Inputs) -> list[ContainerSpec]:
    files, images = inputs.platform_files, inputs.images
    specs = [
        platform.registry(project.name, images["registry"], files.get("registry", ())),
        platform.gateway(project, images["runtime"], files.get("gateway", ())),
        platform.observer(
            project.name, images["runtime"], files.get("observer", ()), project.platform.log_room
        ),
        platform.agent(
            project.name, images["runtime"], files.get("agent", ()), has_broker=project.uses_broker
        ),
    ]
    if project.uses_auth:
        specs.append(platform.auth(project.name, images["runtime"], files.get("auth", ())))
    if project.uses_broker:
        broker = platform.broker(project.name, images["broker"], files.get("broker", ()))
        environment, reload_command = inputs.broker.environment, inputs.broker.reload
        specs.append(replace(broker, environment=environment, reload_command=reload_command))
    if project.platform.metrics:
        specs.append(platform.metrics(project.name, images["metrics"], files.get("metrics", ())))
    return specs


def _database(project: Project, service: Service, database: Database, inputs: Inputs) -> ContainerSpec:
    login = inputs.credentials.login(service.name)
    return databases.container(project.name, database, login, inputs.databases[service.name])


def _instance(project: Project, service: Service, number: int, inputs: Inputs) -> ContainerSpec:
    credentials = inputs.credentials
    login = credentials.login(service.name) if service.database is not None else None
    secrets = (
        *services.files(project.name, service, login, credentials.broker.get(service.name)),
        *services.tokens(
            credentials.registry.get(service.name),
            credentials.clients.get(service.name) if project.uses_auth else None,
        ),
    )
    made = services.container(project, service, number, inputs.services[service.name], secrets)
    return replace(made, event_schemas=inputs.event_schemas.get(service.name, ""))


def _build(project: Project, service: Service, folder: Path, inputs: Inputs) -> Build:
    return Build(service.name, project.folder / folder, inputs.services[service.name].reference)


def _project_network(project: Project) -> NetworkSpec:
    return NetworkSpec(labels.project_network(project.name), "project", addressed=True)


def _private_network(spec: ContainerSpec) -> NetworkSpec:
    return NetworkSpec(spec.attachments[0].network, "database", spec.service)


def _volume(spec: ContainerSpec, inputs: Inputs) -> VolumeSpec:
    if spec.role in {"auth", "observer"}:
        return VolumeSpec(spec.mounts[0].volume, spec.role)
    image = inputs.databases[spec.service] if spec.service is not None else inputs.images[spec.role]
    return VolumeSpec(spec.mounts[0].volume, spec.role, spec.service, f"{image.kind} {image.version}".strip())
