"""What agent and Prometheus say, understood."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from msctl.observer.overview import overview
from msctl.observer.readiness import Readiness
from msctl.observer.told import Told, alerts, figures, lines

AGENT = """\
# HELP msctl_database_connections Clients of a database.
msctl_database_connections{name="orders"} 4.0
msctl_database_size_bytes{name="orders"} 2.097152e+06
msctl_broker_connections 9.0
msctl_broker_size_bytes 1024.0
msctl_queue_messages{name="orders",kind="events"} 7.0
msctl_queue_messages{kind="dead",name="orders"} 2.0
msctl_queue_consumers{name="orders"} 1.0
msctl_disk_free_bytes 5.0
msctl_disk_size_bytes 10.0
process_open_fds 9
"""
DECLARED = {
    "project": "shop",
    "platform": ["gateway", "metrics"],
    "services": [{"name": "orders", "replicas": 2}],
}
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_agents_figures_by_service() -> None:
    assert figures(AGENT) == Told(
        {"orders": {"connections": 4, "size": 2097152}},
        {"orders": {"waiting": 7, "dead": 2, "consumers": 1}},
        {"connections": 9, "size": 1024},
        {"free": 5, "size": 10},
    )
    assert figures("") == Told()


def test_alerts_that_fire_come_first() -> None:
    def alert(name: str, state: str) -> dict[str, Any]:
        words = {"summary": f"{name}!", "next": "msctl status"}
        return {"labels": {"alertname": name}, "state": state, "annotations": words, "activeAt": "t"}

    found = alerts({"data": {"alerts": [alert("A", "pending"), alert("B", "firing")]}})
    assert [(a["name"], a["state"], a["summary"]) for a in found] == [
        ("B", "firing", "B!"),
        ("A", "pending", "A!"),
    ]
    strange: tuple[Any, ...] = ({}, [], {"data": {"alerts": [{}]}})
    for nonsense in strange:
        with pytest.raises(ValueError, match="no list"):
            alerts(nonsense)


def test_lines_of_a_range_query() -> None:
    series = [{"metric": {"job": "orders"}, "values": [[0, "1.5"], [15, "2"]]}, {"metric": {}, "values": []}]
    assert lines({"data": {"result": series}}) == {"orders": [1.5, 2.0]}
    with pytest.raises(ValueError, match="no answer"):
        lines({"error": "bad"})


def test_the_overview_has_figures_and_prometheuss_past() -> None:
    told = Told({"orders": {"size": 1}}, {}, {"size": 2}, None, [], {"orders": [3.0, 4.0]})
    checks = {"shop-gateway": ("pass", "")}
    found = overview(DECLARED, checks, [], {}, {"orders": [1.0]}, {}, NOW, told)
    assert (found["services"][0]["data"], found["broker"], found["alerts"]) == ({"size": 1}, {"size": 2}, [])
    assert overview(DECLARED, checks, [], {}, {}, {}, NOW)["alerts"] is None


def test_prometheus_that_was_never_seen_is_only_late() -> None:
    checks = {"shop-gateway": ("pass", "")}
    late, gone = (
        overview(DECLARED, checks, [], {}, {}, since, NOW)["platform"][1]["health"]
        for since in ({}, {"shop-metrics": "before"})
    )
    assert (late, gone) == ("warn", "fail")


def test_readiness_is_measured_as_long_as_consul_answers() -> None:
    checks: dict[str, tuple[str, str]] | None = {
        "shop-orders-1": ("pass", ""), "shop-orders-2": ("fail", ""), "shop-gateway": ("warn", ""),
    }  # fmt: skip

    def text() -> str:
        registry = CollectorRegistry()
        registry.register(Readiness(lambda: DECLARED, lambda: checks))
        return generate_latest(registry).decode()

    told = text()
    assert 'msctl_service_ready_instances{name="orders"} 1.0' in told
    assert 'msctl_service_wanted_instances{name="orders"} 2.0' in told
    assert 'msctl_platform_ready{part="gateway"} 1.0' in told
    assert 'msctl_platform_ready{part="metrics"} 0.0' in told
    checks = None
    assert 'msctl_platform_ready{part="registry"} 0.0' in text()
    assert "orders" not in text()
