"""Validated keys → the declared project; what is not written keeps the dataclasses' defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msctl.manifest.document import fields as f
from msctl.manifest.document.gateway import GatewayKeys, HeaderEditsKeys, PartKeys, RouteKeys
from msctl.manifest.document.root import AuthKeys, ManifestKeys, PlatformKeys
from msctl.manifest.document.service import CircuitKeys, DatabaseKeys, ServiceKeys
from msctl.model import project as model


def build(keys: ManifestKeys, folder: Path, revision: str) -> model.Project:
    """The whole project."""
    sections: dict[str, Any] = {}
    given = keys.model_fields_set
    if "gateway" in given:
        sections["gateway"] = _gateway(keys.gateway)
    if "auth" in given:
        sections["auth"] = _auth(keys.auth)
    if "platform" in given:
        sections["platform"] = _platform(keys.platform)
    services = {name: _service(name, entry) for name, entry in keys.services.items()}
    return model.Project(keys.project, folder, revision, services, **sections)


def _given(keys: f.Keys) -> dict[str, Any]:
    values = {name: getattr(keys, name) for name in keys.model_fields_set}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _service(name: str, keys: ServiceKeys) -> model.Service:
    values = _given(keys)
    values["build"] = None if keys.build is None else Path(keys.build)
    values["database"] = keys.database and _database(keys.database)
    values["subscribes"] = tuple(model.Subscription(s.pattern, s.ordered) for s in keys.subscribes)
    values["calls"] = {
        callee: None if scopes is None else tuple(scopes) for callee, scopes in keys.calls.items()
    }
    if "health" in values:
        values["health"] = model.Health(**_given(keys.health))
    if "circuit" in values:
        values["circuit"] = keys.circuit and _circuit(keys.circuit)
    if "resources" in values:
        values["resources"] = model.Resources(**_given(keys.resources))
    return model.Service(name, **values)


def _database(keys: DatabaseKeys) -> model.Database:
    return model.Database(**_given(keys))


def _circuit(keys: CircuitKeys) -> model.Circuit:
    values = _given(keys)
    if isinstance(keys.window, float):
        values["window_type"] = "time"
    return model.Circuit(**values)


def _gateway(keys: GatewayKeys) -> model.Gateway:
    values = _given(keys)
    values["routes"] = tuple(_route(route) for route in keys.routes)
    if keys.tls is not None:
        values["tls"] = model.Tls(Path(keys.tls.certificate), Path(keys.tls.key))
    return model.Gateway(**values)


def _route(keys: RouteKeys) -> model.Route:
    values = _given(keys)
    values["aggregate"] = tuple(_part(name, part) for name, part in keys.aggregate.items())
    for edits in ("request_headers", "response_headers"):
        if edits in values:
            values[edits] = _edits(getattr(keys, edits))
    if keys.cors is not None:
        values["cors"] = model.Cors(**_given(keys.cors))
    if keys.rate_limit is not None:
        values["rate_limit"] = model.RateLimit(**_given(keys.rate_limit))
    return model.Route(**values)


def _edits(keys: HeaderEditsKeys) -> model.HeaderEdits:
    return model.HeaderEdits(**_given(keys))


def _part(name: str, keys: PartKeys) -> model.AggregatePart:
    values = _given(keys)
    values["has_fallback"] = "fallback" in keys.model_fields_set
    values["fallback"] = keys.fallback
    return model.AggregatePart(name, **values)


def _auth(keys: AuthKeys) -> model.Auth:
    values = _given(keys)
    values["clients"] = tuple(
        model.AuthClient(name, tuple(client.scopes), Path(client.public_key) if client.public_key else None)
        for name, client in keys.clients.items()
    )
    return model.Auth(**values)


def _platform(keys: PlatformKeys) -> model.Platform:
    values = _given(keys)
    values.pop("logs", None)
    forward = {kind: url for kind, url in (("otlp", keys.logs.otlp), ("loki", keys.logs.loki)) if url}
    if "keep" in keys.logs.model_fields_set:
        values["log_room"] = keys.logs.keep
    return model.Platform(log_forward=forward, **values)
