"""A new service's entry in the manifest, and its routes."""

from __future__ import annotations

from typing import Any

from msctl.scaffold.order import Order
from msctl.scaffold.templates import Template

_USUAL_PORT = 8000


def entry(order: Order, template: Template) -> dict[str, Any]:
    """The keys under ``services.NAME``, those with their default left out."""
    found: dict[str, Any] = {}
    if order.image is not None:
        found["image"] = order.image
    else:
        found["build"] = f"services/{order.name}"
    if order.port != _USUAL_PORT:
        found["port"] = order.port
    if order.database is not None:
        found["database"] = order.database
    if order.scopes:
        found["scopes"] = list(order.scopes)
    for key in ("calls", "publishes", "subscribes"):
        if given := getattr(order, key):
            found[key] = list(given)
    if order.health is not None:
        found["health"] = {"path": order.health}
    if order.route is not None and not template.image:
        found["environment"] = {"PUBLIC_PATH": order.route}
    return {**found, **template.manifest}


def routes(order: Order, template: Template) -> list[dict[str, Any]]:
    """The entries under ``gateway.routes``: everything below the route goes to the service."""
    if order.route is None:
        return []
    inside = "/{rest}" if template.image else f"/{order.name}/{{rest}}"
    path = f"{order.route.rstrip('/')}/{{rest:path}}"
    common = {"path": path, "service": order.name, "rewrite": inside}
    if not order.scopes:
        return [common]
    read, write = order.scopes
    return [
        {**common, "methods": ["GET"], "scopes": [read]},
        {**common, "methods": ["POST"], "scopes": [write]},
    ]
