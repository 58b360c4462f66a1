"""The document that the gateway process runs by, made from the manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from msctl.auth.policy import GATEWAY
from msctl.model.project import AggregatePart, Project, Route, Service
from msctl.plan.platform import JWKS_URL, REVOKED_URL, TOKEN_URL
from msctl.plan.ports import ADMIN_PORT, AUTH_PORT, CONSUL_PORT, GATEWAY_PORT

AUTH_ROUTES = (
    ("POST", "/oauth/token"),
    ("POST", "/oauth/introspect"),
    ("POST", "/oauth/revoke"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/oauth-authorization-server"),
)
"""What clients see of auth; its other doors are for the platform alone."""

CERTIFICATE = "gateway.crt"
KEY = "gateway.key"
_SECRETS = "/run/secrets"
MOST_CONNECTIONS = 5000
"""Docker's userland proxy, through which a published port is reached from its own machine, dies for good at
about a third of its open-file limit (20 000 on a common set-up); the gateway refuses clients before that."""


def gateway_document(project: Project) -> str:
    """JSON, which is YAML; equal projects give equal text."""
    document: dict[str, Any] = {
        "listen": f"0.0.0.0:{GATEWAY_PORT}",
        "admin": f"0.0.0.0:{ADMIN_PORT}",
        "auth": _auth(project) if project.uses_auth else "off",
        "admin_digest_file": f"{_SECRETS}/operator_digest",
        "errors": project.gateway.errors,
        "project": project.name,
        "max_connections": MOST_CONNECTIONS,
        "consul": {"address": f"http://registry:{CONSUL_PORT}", "token_file": f"{_SECRETS}/consul_token"},
        "services": {name: _upstream(service) for name, service in project.services.items()},
        "routes": [_route(route) for route in project.gateway.routes],
    }
    if project.gateway.tls is not None:
        document["tls"] = {"certificate": f"{_SECRETS}/{CERTIFICATE}", "key": f"{_SECRETS}/{KEY}"}
    if project.uses_auth:
        document["services"]["auth"] = {"instances": [f"auth:{AUTH_PORT}"], "health": "/healthz"}
        document["routes"] += [{"path": path, "methods": [m], "service": "auth"} for m, path in AUTH_ROUTES]
    return json.dumps(document, indent=1) + "\n"


def _auth(project: Project) -> dict[str, Any]:
    return {
        "issuer": project.gateway.public_url,
        "audience": GATEWAY,
        "jwks": JWKS_URL,
        "revoked": REVOKED_URL,
        "server": "auth",
        "exchange": {
            "url": TOKEN_URL,
            "client": GATEWAY,
            "secret_file": f"{_SECRETS}/oauth_client_secret",
        },
    }


def _upstream(service: Service) -> dict[str, Any]:
    circuit = "off" if service.circuit is None else _without_empty(asdict(service.circuit))
    return {
        "instances": "consul",
        "circuit": circuit,
        "balance": service.balance,
        "max_concurrent": service.max_concurrent,
        "health": service.health.path,
        **({} if service.external is None else {"host": urlsplit(service.external).netloc}),
    }


def _route(route: Route) -> dict[str, Any]:
    values = _without_empty(asdict(route))
    values["retries"] = route.retries
    if route.aggregate:
        values["aggregate"] = {part.name: _part(part) for part in route.aggregate}
    return values


def _part(part: AggregatePart) -> dict[str, Any]:
    values = _without_empty(asdict(part))
    values.pop("name")
    values.pop("has_fallback", None)
    values.pop("fallback", None)
    return values | {"fallback": part.fallback} if part.has_fallback else values


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is set: absent keys mean the same and keep the document readable."""
    return {key: _trimmed(value) for key, value in values.items() if not _is_empty(value)}


def _trimmed(value: Any) -> Any:
    return _without_empty(value) if isinstance(value, Mapping) else value


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_empty(item) for item in value.values())
    return value is None or value is False or value in ((), [])
