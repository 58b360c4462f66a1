"""What the admin endpoints show: circuits, routes, upstreams and health as plain JSON values."""

from __future__ import annotations

from datetime import UTC, datetime

from msctl.gateway.router import CompiledRoute
from msctl.gateway.service import Service
from msctl.gateway.table import Table
from msctl.resilience.refusal import retry_at, whole_seconds
from msctl.telemetry.health import Check, Health, Status, compose

CALLER = "gateway"


def circuit_view(service: Service, now: datetime) -> dict[str, object]:
    """One circuit as status shows it (DESIGN 8); a service without breaker is always closed."""
    view: dict[str, object] = {"caller": CALLER, "callee": service.name, "state": "closed"}
    if service.breaker is None:
        return view | {"failure_rate": 0.0, "calls": 0, "cause": None, "retry_at": None}
    seen = service.breaker.view()
    at = None if seen.retry_in is None else retry_at(now, whole_seconds(seen.retry_in))
    return view | {
        "state": seen.state.value,
        "failure_rate": round(seen.tally.failure_rate, 4),
        "calls": seen.tally.calls,
        "cause": seen.cause,
        "retry_at": at,
    }


def route_view(compiled: CompiledRoute) -> dict[str, object]:
    """One row of ``msctl routes``."""
    route = compiled.route
    target: object = (
        route.service or dict(route.services) or {part.name: part.call for part in route.aggregate}
    )
    return {
        "path": route.path,
        "methods": sorted(compiled.methods),
        "hosts": list(route.hosts),
        "headers": dict(route.headers),
        "target": target,
        "rewrite": route.rewrite,
        "scopes": list(route.scopes),
        "timeout": route.timeout,
        "retries": route.retries,
        "body_limit": route.body_limit,
    }


def upstream_view(service: Service) -> dict[str, object]:
    """One service with its instances, calls in flight and idle connections."""
    return {
        "service": service.name,
        "source": "consul" if service.config.instances is None else "fixed",
        "trouble": service.catalog_trouble,
        "in_flight": service.bulkhead.active,
        "max_concurrent": service.bulkhead.limit,
        "instances": [
            {
                "name": endpoint.address.name,
                "address": f"{endpoint.address.host}:{endpoint.address.port}",
                "weight": endpoint.address.weight,
                "in_flight": endpoint.outstanding,
                "failures_in_a_row": endpoint.failures,
                "calls": endpoint.calls,
                "failed_calls": endpoint.failed_calls,
                "ejected": endpoint.ejected_until is not None,
                "held": endpoint.held_until is not None,
                "idle_connections": service.pool.idle_count(endpoint),
            }
            for endpoint in service.endpoints.all
        ],
        "leaving": [
            {"name": endpoint.address.name, "in_flight": endpoint.outstanding}
            for endpoint in service.endpoints.leaving
        ],
    }


def health_view(table: Table, connections: int) -> Health:
    """The gateway's own health: Consul away is a warning, for the last known good catalog stays in force."""
    now = datetime.now(UTC)
    troubles = [s.catalog_trouble for s in table.services.values() if s.catalog_trouble]
    checks: list[Check] = []
    if any(s.config.instances is None for s in table.services.values()):
        status: Status = "warn" if troubles else "pass"
        output = f"last known good catalog in force: {troubles[0]}" if troubles else None
        checks.append(Check("registry", "catalog", "component", status, now, output))
    checks.append(
        Check(
            "gateway",
            "connections",
            "system",
            "pass",
            now,
            observed_value=connections,
            observed_unit="connections",
        )
    )
    return compose("gateway", checks)
