"""What the page knows of the manifest."""

from __future__ import annotations

from msctl.model.project import AggregatePart, Route
from msctl.orchestrator.observer_topology import targets, topology
from tests.unit.plan.projects import shop


def test_services_calls_and_events_are_told() -> None:
    found = topology(shop())
    assert found["project"] == "shop"
    assert {"gateway", "broker", "observer"} <= set(found["platform"])
    by_name = {service["name"]: service for service in found["services"]}
    assert by_name["orders"]["replicas"] == 2
    for service in found["services"]:
        for source in service["hears"]:
            assert by_name[source]["publishes"]


def test_targets_of_all_kinds_of_routes() -> None:
    assert targets(Route("/a", service="orders")) == {"orders"}
    assert targets(Route("/a", services={"a": 1, "b": 2})) == {"a", "b"}
    part = AggregatePart("x", "GET inventory:/items/{id}")
    assert targets(Route("/a", aggregate=(part,))) == {"inventory"}
