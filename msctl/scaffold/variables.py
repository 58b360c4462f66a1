"""What templates can use."""

from __future__ import annotations

from typing import Any

from msctl.model.project import Project
from msctl.scaffold.order import DATABASES, Order


def variables(order: Order, project: Project) -> dict[str, Any]:
    """The variables of a service's template."""
    return {
        "project": project.name,
        "service": order.name,
        "module": order.module,
        "database": order.database,
        "database_name": DATABASES[order.database] if order.database else None,
        "sql": order.database in ("postgres", "mariadb"),
        "redis": order.database == "redis",
        "publishes": list(order.publishes),
        "subscribes": list(order.subscribes),
        "calls": list(order.calls),
        "tokens": order.tokens,
        "ports": {callee: project.services[callee].port for callee in order.calls},
        "route": order.route,
        "image": order.image,
        "port": order.port,
        "health": order.health or "/readyz",
    }
