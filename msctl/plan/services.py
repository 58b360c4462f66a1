"""Containers of the manifest's services, with the environment that the container contract promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msctl import labels
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Probe,
    Registration,
    SecretFile,
)
from msctl.model.secret import Secret
from msctl.plan import databases
from msctl.plan.addresses import amqp_url
from msctl.plan.platform import JWKS_URL, RESOLVER, REVOKED_URL, TOKEN_URL
from msctl.plan.ports import CONSUL_PORT

if TYPE_CHECKING:
    from msctl.model.desired import ImageFact
    from msctl.model.project import Project, Service

_SECRETS = "/run/secrets"


def container(
    project: Project, service: Service, instance: int, image: ImageFact, secrets: tuple[SecretFile, ...]
) -> ContainerSpec:
    """Instance number ``instance`` (from 1) of ``service``."""
    name = labels.container(project.name, service.name, instance)
    health = service.health
    by_platform = service.registration == "platform"
    return ContainerSpec(
        name=name,
        role="service",
        service=service.name,
        instance=instance,
        image=image.reference,
        image_identity=image.identity,
        environment=environment(project, service, name),
        secrets=secrets,
        attachments=_attachments(project, service),
        dns=(RESOLVER,),
        dns_search=("service.consul",),
        hostname=name,
        memory=service.resources.memory,
        cpus=service.resources.cpus,
        stop_grace=service.stop_grace,
        needs=() if service.database is None else (labels.database(project.name, service.name),),
        waits=image.waits,
        probe=Probe("http", service.port, health.path, (), health.interval, health.timeout),
        registration=Registration(service.name, service.port) if by_platform else None,
        self_registers=not by_platform,
        liveness=None
        if health.live is None
        else Probe("http", service.port, health.live, (), health.interval, health.timeout),
    )


def files(
    project: str, service: Service, database: databases.Login | None, broker: Secret | None
) -> tuple[SecretFile, ...]:
    """The files that ``environment`` points to; the passwords are the service's own."""
    found = []
    if service.database is not None and database is not None:
        url = databases.url(project, service.database.engine, database)
        found.append(SecretFile("database_url", url))
    if (service.publishes or service.subscribes) and broker is not None:
        found.append(SecretFile("amqp_url", amqp_url(service.name, broker, project)))
    return tuple(found)


def tokens(registry: Secret | None, client: Secret | None) -> tuple[SecretFile, ...]:
    """The files that let a service register itself and get tokens for its calls."""
    named = (("consul_token", registry), ("oauth_client_secret", client))
    return tuple(SecretFile(name, secret) for name, secret in named if secret is not None)


def environment(project: Project, service: Service, name: str) -> dict[str, str]:
    """What DESIGN's container contract puts into the environment; the manifest's own values win."""
    values = {
        "MSCTL_PROJECT": project.name,
        "MSCTL_SERVICE": service.name,
        "MSCTL_INSTANCE": name,
        "MSCTL_REGISTRATION": service.registration,
        "PORT": str(service.port),
        "CONSUL_HTTP_ADDR": f"http://registry:{CONSUL_PORT}",
        "CONSUL_HTTP_TOKEN_FILE": f"{_SECRETS}/consul_token",
    }
    if project.uses_auth:
        values |= _tokens_environment(project, service)
    if service.database is not None:
        values["DATABASE_URL_FILE"] = f"{_SECRETS}/database_url"
    if service.publishes or service.subscribes:
        values["AMQP_URL_FILE"] = f"{_SECRETS}/amqp_url"
    if service.subscribes:
        values["MSCTL_EVENT_RETRIES"] = ",".join(map(labels.retry_tier, service.event_retries))
        values["MSCTL_EVENT_ORDERED"] = ",".join(s.pattern for s in service.subscribes if s.ordered)
    return values | dict(service.environment)


def _tokens_environment(project: Project, service: Service) -> dict[str, str]:
    return {
        "OAUTH_ISSUER": project.gateway.public_url,
        "OAUTH_AUDIENCE": service.name,
        "OAUTH_CLIENT_ID": service.name,
        "OAUTH_CLIENT_SECRET_FILE": f"{_SECRETS}/oauth_client_secret",
        "OAUTH_TOKEN_URL": TOKEN_URL,
        "OAUTH_JWKS_URL": JWKS_URL,
        "OAUTH_REVOKED_URL": REVOKED_URL,
    }


def _attachments(project: Project, service: Service) -> tuple[Attachment, ...]:
    shared = Attachment(labels.project_network(project.name))
    if service.database is None:
        return (shared,)
    return (shared, Attachment(labels.database(project.name, service.name)))
