"""Files under /run/secrets of the platform's containers, made from the manifest and the credentials."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping

from msctl.auth.members import OPERATOR, digest, directory
from msctl.auth.members import render as render_directory
from msctl.broker import config as broker_config
from msctl.broker.definitions import definitions
from msctl.broker.definitions import render as render_definitions
from msctl.broker.permissions import PLATFORM_USER
from msctl.broker.topology import topology
from msctl.errors import MsctlError
from msctl.model.desired import SecretFile
from msctl.model.external import externals
from msctl.model.external import render as render_externals
from msctl.model.project import AuthClient, Project
from msctl.model.secret import Secret
from msctl.orchestrator.credentials import MANAGEMENT
from msctl.orchestrator.doors import parties
from msctl.orchestrator.gateway_document import CERTIFICATE, KEY, gateway_document
from msctl.orchestrator.metrics_files import metrics_files
from msctl.plan.addresses import amqp_url
from msctl.plan.expand import Credentials
from msctl.plan.livefiles import live_file
from msctl.plan.services import tokens
from msctl.registry import acl
from msctl.registry import config as registry_config


def platform_files(
    project: Project, credentials: Credentials, broker_users: Mapping[str, Secret], registry_kind: str
) -> dict[str, tuple[SecretFile, ...]]:
    """By role; live files are those the running process can read again.

    ``registry_kind`` is the kind of Consul's image: the recipe's Consul is an old one.
    """
    management = credentials.registry[MANAGEMENT].reveal()
    registry = registry_config.render(
        registry_config.server_configuration(management_token=management, old_words=registry_kind == "recipe")
    )
    files: dict[str, tuple[SecretFile, ...]] = {
        "registry": (SecretFile("registry.json", Secret(registry)),),
        "gateway": _gateway(project, credentials),
        "agent": (*_agent(project, credentials), *_queues(project, broker_users)),
    }
    if project.platform.metrics:
        files["metrics"] = metrics_files(credentials.registry["metrics"])
    if project.uses_auth:
        files["auth"] = _auth(project, credentials)
    if project.uses_broker:
        files["broker"] = _broker(project, broker_users)
    return files


def together(*parts: Mapping[str, tuple[SecretFile, ...]]) -> dict[str, tuple[SecretFile, ...]]:
    """What several makers have for each role."""
    roles = dict.fromkeys(role for part in parts for role in part)
    return {role: tuple(file for part in parts for file in part.get(role, ())) for role in roles}


def _agent(project: Project, credentials: Credentials) -> tuple[SecretFile, ...]:
    """Its own token for the daily work; the rest only lets everybody in again after Consul forgot them."""
    return (
        *live_file("doors.json", acl.render(parties(project, credentials))),
        *live_file("externals.json", render_externals(externals(project))),
        SecretFile("management_token", credentials.registry[MANAGEMENT]),
        *tokens(credentials.registry["agent"], None),
    )


def _queues(project: Project, broker_users: Mapping[str, Secret]) -> tuple[SecretFile, ...]:
    """Where the agent asks how deep queues are, and whose; read again at each look."""
    if not project.uses_broker:
        return ()
    url = amqp_url(PLATFORM_USER, broker_users[PLATFORM_USER], project.name)
    services = [service.name for service in project.services.values() if service.subscribes]
    document = json.dumps({"url": url.reveal(), "services": services})
    return (SecretFile("queues.json", Secret(document), live=True),)


def _gateway(project: Project, credentials: Credentials) -> tuple[SecretFile, ...]:
    document = (*live_file("gateway.yaml", gateway_document(project)), *_certificates(project))
    client = credentials.clients["gateway"] if project.uses_auth else None
    operator = SecretFile("operator_digest", Secret(digest(credentials.clients[OPERATOR].reveal())))
    return (*document, operator, *tokens(credentials.registry["gateway"], client))


def _certificates(project: Project) -> tuple[SecretFile, ...]:
    """The gateway looks at these files itself, and takes a new pair as soon as both are there."""
    tls = project.gateway.tls
    if tls is None:
        return ()
    certificate, key = project.folder / tls.certificate, project.folder / tls.key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
        return (*live_file(CERTIFICATE, certificate.read_text()), *live_file(KEY, key.read_text()))
    except (ssl.SSLError, OSError, ValueError) as exc:
        raise MsctlError(
            f"the gateway's certificate cannot be used: {exc}",
            "gateway.tls names a PEM certificate chain and its key, without a password",
        ) from exc


def _auth(project: Project, credentials: Credentials) -> tuple[SecretFile, ...]:
    keys = {c.name: _public_key(project, c) for c in project.auth.clients if c.public_key is not None}
    document = render_directory(directory(project, credentials.clients, keys))
    return (*live_file("auth.json", document), *tokens(credentials.registry["auth"], None))


def _public_key(project: Project, client: AuthClient) -> str:
    from msctl.auth.jose import read_public_key  # noqa: PLC0415

    path = project.folder / (client.public_key or "")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise MsctlError(f"cannot read the public key of client '{client.name}': {path}") from exc
    read_public_key(text)
    return text


def _broker(project: Project, users: Mapping[str, Secret]) -> tuple[SecretFile, ...]:
    document = render_definitions(definitions(topology(project), users))
    return (
        SecretFile("rabbitmq.conf", Secret(broker_config.server_configuration())),
        SecretFile("enabled_plugins", Secret(broker_config.enabled_plugins())),
        *live_file("definitions.json", document),
    )
