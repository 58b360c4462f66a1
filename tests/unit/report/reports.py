"""Status reports of a shop that is well and of one that is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from msctl.model.status import (
    CircuitStatus,
    DatabaseStatus,
    InstanceStatus,
    PlatformStatus,
    ServiceStatus,
    StatusReport,
)

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
STARTED = NOW - timedelta(minutes=5)
CAUSE = "12 of 20 calls failed: connection refused"


def instance(name: str = "shop-orders-1") -> InstanceStatus:
    """One that runs, is registered and passes."""
    return InstanceStatus(name, "10.1.2.3:8000", "running", "pass", True, 0, STARTED)


def healthy() -> StatusReport:
    """Two services on a platform that is well."""
    return StatusReport(
        project="shop",
        engine="docker",
        gateway_url="http://127.0.0.1:8080",
        gateway_health="pass",
        services=(
            ServiceStatus(
                "orders",
                2,
                2,
                "shop/orders:1",
                (instance(), instance("shop-orders-2")),
                DatabaseStatus("postgres", "shop-orders-db", "pass", "running"),
            ),
            ServiceStatus("web", 1, 1, "shop/web:1", (instance("shop-web-1"),)),
        ),
        platform=(
            PlatformStatus("shop-registry", "registry", "pass", "running"),
            PlatformStatus("shop-gateway", "gateway", "pass", "running"),
        ),
        circuits=(CircuitStatus("gateway", "orders", "closed", 0.0, 12, None, None),),
    )


def failing(output: str = "exited (code 1), 5 restarts") -> StatusReport:
    """One instance is gone and the circuit to its service is open."""
    down = replace(instance(), state="exited", health="fail", registered=False, exit_code=1, output=output)
    well = healthy()
    orders = replace(well.services[0], ready=1, instances=(down, well.services[0].instances[1]))
    circuit = CircuitStatus("gateway", "orders", "open", 0.6, 20, CAUSE, NOW + timedelta(seconds=8))
    return replace(well, services=(orders, well.services[1]), circuits=(circuit,))
