"""The directory of a project: which clients its manifest stands for, and the document auth reads it from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from msctl.auth.policy import GATEWAY, Client, Directory
from msctl.errors import MsctlError
from msctl.model.project import Project, Service
from msctl.model.secret import Secret

OPERATOR = "operator"
"""Whoever holds the project's folder."""


def directory(project: Project, secrets: Mapping[str, Secret], keys: Mapping[str, str]) -> Directory:
    """The clients of ``project``; ``secrets`` and the text of public ``keys`` by client name."""
    clients = [
        Client(GATEWAY, "gateway", _aggregated(project), exchanges=_every_scope(project)),
        Client(OPERATOR, "operator", {GATEWAY: route_scopes(project)}),
        *(_service(project, service) for service in project.services.values()),
        *(Client(c.name, "outside", {GATEWAY: c.scopes}) for c in project.auth.clients),
    ]
    return Directory(
        project.gateway.public_url,
        project.auth.algorithm,
        project.auth.max_ttl,
        {client.name: _known(client, secrets, keys) for client in clients},
    )


def client_names(project: Project) -> tuple[str, ...]:
    """Everybody who needs a secret."""
    outside = (client.name for client in project.auth.clients)
    return (GATEWAY, OPERATOR, *project.services, *outside)


def route_scopes(project: Project) -> tuple[str, ...]:
    """Every scope that a route asks for."""
    return tuple(dict.fromkeys(scope for route in project.gateway.routes for scope in route.scopes))


def render(found: Directory) -> str:
    """The directory as the text of auth's document."""
    return json.dumps(asdict(found), indent=1, sort_keys=True) + "\n"


def parse(text: str) -> Directory:
    """The directory in a document that ``render`` made."""
    try:
        values = json.loads(text)
        clients = {name: _client(entry) for name, entry in values.pop("clients").items()}
        return Directory(clients=clients, **values)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise MsctlError("auth's document is not what msctl writes") from exc


def digest(secret: str) -> str:
    """What is kept of a secret: random ones need no salt. Bytes that are no text have one, too."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _client(values: dict[str, object]) -> Client:
    for name in ("audiences", "exchanges"):
        found = values[name]
        assert isinstance(found, dict)  # noqa: S101
        values[name] = {audience: tuple(scopes) for audience, scopes in found.items()}
    return Client(**values)  # type: ignore[arg-type]


def _known(client: Client, secrets: Mapping[str, Secret], keys: Mapping[str, str]) -> Client:
    secret = secrets.get(client.name)
    return Client(
        client.name,
        client.kind,
        client.audiences,
        client.exchanges,
        "" if secret is None else digest(secret.reveal()),
        keys.get(client.name),
    )


def _service(project: Project, service: Service) -> Client:
    """``calls`` is what lets a service get tokens for another."""
    allowed = {
        callee: project.services[callee].scopes if scopes is None else scopes
        for callee, scopes in service.calls.items()
    }
    return Client(service.name, "service", allowed, exchanges=allowed)


def _every_scope(project: Project) -> dict[str, tuple[str, ...]]:
    return {name: service.scopes for name, service in project.services.items()}


def _aggregated(project: Project) -> dict[str, tuple[str, ...]]:
    """What the gateway may ask in its own name: for parts of an aggregate, what clients may read there.

    A route's scopes open the whole answer, also to a client that may not ask each service directly.
    """
    found: dict[str, tuple[str, ...]] = {}
    for route in project.gateway.routes:
        for part in route.aggregate:
            callee = part.call.split()[1].partition(":")[0]
            if callee in project.services:
                found[callee] = _readable(project, callee)
    return found


def _readable(project: Project, service: str) -> tuple[str, ...]:
    routes = [r for r in project.gateway.routes if r.service == service and "GET" in (r.methods or ("GET",))]
    scopes = dict.fromkeys(scope for route in routes for scope in route.scopes)
    own = project.services[service].scopes
    return tuple(scope for scope in scopes if scope in own) or own
