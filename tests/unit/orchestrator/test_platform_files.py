"""Files of the platform's containers: what the process that reads them understands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from msctl.broker.permissions import PLATFORM_USER
from msctl.gateway.loader import parse
from msctl.manifest import load, reference_text
from msctl.model.project import (
    AggregatePart,
    Circuit,
    Cors,
    Gateway,
    HeaderEdits,
    Project,
    RateLimit,
    Route,
)
from msctl.model.secret import Secret
from msctl.orchestrator.gateway_document import gateway_document
from msctl.orchestrator.platform_files import platform_files
from msctl.plan.livefiles import is_mark
from tests.unit.plan.projects import project, service, shop

USERS = {name: Secret(f"hunter2-{name}") for name in (PLATFORM_USER, "orders", "notifications")}
ROUTES = (
    Route("/api/orders/{rest:path}", service="orders"),
    Route("/api/none", service="orders", retries=0, timeout=0.5),
    Route(
        "/api/all",
        service="orders",
        rewrite="/all",
        methods=("GET", "POST"),
        hosts=("shop.example",),
        headers={"X-Beta": "yes"},
        body_limit=1024,
        request_headers=HeaderEdits({"X-A": "1"}, ("X-B",)),
        response_headers=HeaderEdits({}, ("Server",)),
        cors=Cors(("https://shop.example",), ("GET",), ("X-A",), True, 60.0),
        rate_limit=RateLimit(10, 1.0, 5),
    ),
    Route("/api/split", services={"orders": 9, "web": 1}),
    Route(
        "/api/overview/{id}",
        aggregate=(
            AggregatePart("order", "GET orders:/orders/{id}", required=True),
            AggregatePart("web", "GET web:/{order.sku}", after=("order",), timeout=1.0),
            AggregatePart("none", "GET web:/none", has_fallback=True, fallback=None),
            AggregatePart("empty", "GET web:/empty", has_fallback=True, fallback=[]),
        ),
    ),
)


def gatewayed(*routes: Route) -> Project:
    return replace(project(service("orders"), service("web")), gateway=Gateway(routes=routes))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_the_gateway_reads_a_route_as_the_manifest_means_it(route: Route) -> None:
    (read,) = parse(gateway_document(gatewayed(route))).routes
    assert read == route


@pytest.mark.parametrize(
    "circuit",
    [None, Circuit(), Circuit(0.25, 0.5, 1.0, 30.0, "time", 5, 2.0, 2.0, 60.0, 0.2, 1)],
    ids=["off", "default", "all"],
)
def test_the_gateway_reads_a_circuit_as_the_manifest_means_it(circuit: Circuit | None) -> None:
    declared = project(service("orders", circuit=circuit, balance="round_robin", max_concurrent=7))
    read = parse(gateway_document(declared)).services["orders"]
    assert (read.circuit, read.balance, read.max_concurrent) == (circuit, "round_robin", 7)


def test_the_gateway_reads_the_reference_manifest(tmp_path: Path) -> None:
    declared = manifest(tmp_path)
    read = parse(gateway_document(declared))
    assert read.routes == declared.gateway.routes
    assert set(read.services) == set(declared.services)


def test_equal_manifests_give_equal_files() -> None:
    assert platform_files(shop(), USERS) == platform_files(shop(), USERS)


def test_each_role_gets_the_files_it_is_started_with() -> None:
    files = {role: {f.name for f in found} for role, found in platform_files(shop(), USERS).items()}
    assert files == {
        "registry": {"registry.json"},
        "gateway": {"gateway.yaml", "gateway.yaml.applied"},
        "broker": {"rabbitmq.conf", "enabled_plugins", "definitions.json", "definitions.json.applied"},
    }
    assert "broker" not in platform_files(project(service("web")), {})


def test_only_what_can_be_read_again_is_live() -> None:
    files = [f for found in platform_files(shop(), USERS).values() for f in found]
    live = {f.name for f in files if f.live and not is_mark(f)}
    assert live == {"gateway.yaml", "definitions.json"}


def test_definitions_hold_no_password_in_clear() -> None:
    broker = {f.name: f.content.reveal() for f in platform_files(shop(), USERS)["broker"]}
    users = json.loads(broker["definitions.json"])["users"]
    assert {user["name"] for user in users} == set(USERS)
    assert "hunter2" not in "".join(broker.values())


def manifest(folder: Path) -> Project:
    """The reference manifest, with the files that it names in ``folder``."""
    for name in ("orders", "inventory", "payments", "notifications"):
        (folder / "services" / name).mkdir(parents=True)
        (folder / "services" / name / "Dockerfile").write_text("FROM scratch\n")
    (folder / "certificates").mkdir()
    for name in ("shop.pem", "shop.key"):
        (folder / "certificates" / name).touch()
    path = folder / "msctl.yaml"
    path.write_text(reference_text())
    return load(path, {}).project
