"""The declared project as the observer's page draws it: services, their calls, where events go."""

from __future__ import annotations

from typing import Any

from msctl.manifest.topics import matches
from msctl.model.project import Project, Route, Service


def topology(project: Project) -> dict[str, Any]:
    """The declared project, as the observer's page draws it."""
    here = [service for service in project.services.values() if service.external is None]
    optional = (
        ("auth", project.uses_auth),
        ("broker", project.uses_broker),
        ("metrics", project.platform.metrics),
    )
    return {
        "project": project.name,
        "gateway": project.gateway.public_url,
        "forward": dict(project.platform.log_forward),
        "platform": ["gateway", *(role for role, used in optional if used), "observer"],
        "services": [_declared(project, service) for service in here],
    }


def _declared(project: Project, service: Service) -> dict[str, Any]:
    return {
        "name": service.name,
        "replicas": service.replicas,
        "port": service.port,
        "database": None if service.database is None else service.database.engine,
        "calls": list(service.calls),
        "publishes": list(service.publishes),
        "subscribes": [subscription.pattern for subscription in service.subscribes],
        "hears": sorted(_sources(project, service)),
        "routed": any(service.name in targets(route) for route in project.gateway.routes),
    }


def _sources(project: Project, service: Service) -> set[str]:
    """Services whose events it gets."""
    patterns = [subscription.pattern for subscription in service.subscribes]
    return {
        other.name
        for other in project.services.values()
        if any(matches(pattern, event) for pattern in patterns for event in other.publishes)
    }


def targets(route: Route) -> set[str]:
    """Services that a route leads to."""
    parts = (part.call.partition(" ")[2].partition(":")[0] for part in route.aggregate)
    return {name for name in (route.service, *route.services, *parts) if name}
