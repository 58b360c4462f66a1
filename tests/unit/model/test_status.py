"""``msctl status --json``, which other tools read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from msctl.model.status import DatabaseStatus, Health, StatusReport
from tests.unit.report.reports import CAUSE, failing, healthy

DESIGNED: dict[str, Any] = {
    "project": "shop",
    "healthy": True,
    "engine": "docker",
    "gateway": {"url": "http://127.0.0.1:8080", "health": "pass"},
    "services": [
        {
            "name": "orders",
            "desired": 2,
            "ready": 2,
            "image": "shop/orders:1",
            "instances": [
                {
                    "name": "shop-orders-1",
                    "address": "10.1.2.3:8000",
                    "state": "running",
                    "health": "pass",
                    "registered": True,
                    "restarts": 0,
                    "started_at": "2026-01-02T11:55:00Z",
                }
            ],
            "database": {"engine": "postgres", "name": "shop-orders-db", "health": "pass"},
        }
    ],
    "platform": [
        {"name": "shop-registry", "role": "registry", "health": "pass"},
        {"name": "shop-gateway", "role": "gateway", "health": "pass"},
    ],
    "circuits": [
        {
            "caller": "gateway",
            "callee": "orders",
            "state": "closed",
            "failure_rate": 0.0,
            "calls": 12,
            "cause": None,
            "retry_at": None,
        }
    ],
}


def test_it_holds_everything_the_design_names_under_those_names() -> None:
    assert_holds(DESIGNED, healthy().to_json())


def test_it_is_json_as_it_stands() -> None:
    values = failing().to_json()
    assert json.loads(json.dumps(values)) == values


def test_an_open_circuit_says_why_and_until_when() -> None:
    (circuit,) = failing().to_json()["circuits"]
    assert (circuit["state"], circuit["cause"]) == ("open", CAUSE)
    assert circuit["retry_at"] == "2026-01-02T12:00:08Z"


def test_a_service_without_database_has_null() -> None:
    assert healthy().to_json()["services"][1]["database"] is None


def test_a_missing_replica_is_not_healthy() -> None:
    assert not failing().healthy
    assert failing().to_json()["healthy"] is False


@pytest.mark.parametrize(
    ("health", "well"), [("pass", True), ("warn", True), ("fail", False), ("starting", False)]
)
def test_parts_that_warn_are_well_enough(health: Health, well: bool) -> None:
    report = healthy()
    platform = (replace(report.platform[0], health=health), report.platform[1])
    assert replace(report, platform=platform).healthy is well
    database = DatabaseStatus("postgres", "shop-orders-db", health, "running")
    services = (replace(report.services[0], database=database),)
    assert replace(report, services=services).healthy is well


def test_a_project_without_containers_does_not_run() -> None:
    gone = _all_missing(healthy())
    assert not gone.running
    assert not gone.healthy
    assert healthy().running


def _all_missing(report: StatusReport) -> StatusReport:
    return replace(
        report,
        services=tuple(
            replace(s, ready=0, instances=tuple(replace(i, state="missing") for i in s.instances))
            for s in report.services
        ),
        platform=tuple(replace(p, state="missing", health="fail") for p in report.platform),
    )


def assert_holds(wanted: Any, found: Any) -> None:
    """Everything of ``wanted`` is in ``found``, which may hold more."""
    if isinstance(wanted, dict):
        assert set(wanted) <= set(found)
        for key, value in wanted.items():
            assert_holds(value, found[key])
    elif isinstance(wanted, list):
        assert len(found) >= len(wanted)
        for one, other in zip(wanted, found, strict=False):
            assert_holds(one, other)
    else:
        assert (type(found), found) == (type(wanted), wanted)
