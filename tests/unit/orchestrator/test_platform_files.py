"""Files of the platform's containers: what the process that reads them understands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from msctl.auth.members import parse as parse_directory
from msctl.broker.permissions import PLATFORM_USER
from msctl.gateway.loader import parse
from msctl.manifest.loading import load
from msctl.manifest.reference import reference_text
from msctl.model.desired import SecretFile
from msctl.model.project import (
    AggregatePart,
    Circuit,
    Cors,
    Gateway,
    HeaderEdits,
    Platform,
    Project,
    RateLimit,
    Route,
)
from msctl.model.secret import Secret
from msctl.orchestrator.gateway_document import AUTH_ROUTES, gateway_document
from msctl.orchestrator.platform_files import platform_files
from msctl.plan.expand import Credentials
from msctl.plan.livefiles import is_mark
from tests.unit.plan.projects import project, service, shop, with_service

CREDENTIALS = Credentials(
    {},
    {},
    {},
    registry={
        n: Secret(f"token-{n}")
        for n in (
            "management",
            "gateway",
            "auth",
            "agent",
            "metrics",
            "orders",
            "inventory",
            "notifications",
            "web",
        )
    },
    clients={n: Secret(f"secret-{n}") for n in ("gateway", "operator")},
)
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
    assert read.routes[: -len(AUTH_ROUTES)] == declared.gateway.routes
    assert set(read.services) == {*declared.services, "auth"}


def test_an_external_service_is_asked_under_its_own_name() -> None:
    declared = project(service("web"), service("mail", build=None, external="http://mail.example:81"))
    read = parse(gateway_document(declared)).services
    assert (read["mail"].host, read["web"].host) == ("mail.example:81", None)


def test_equal_manifests_give_equal_files() -> None:
    assert files(shop()) == files(shop())


def test_each_role_gets_the_files_it_is_started_with() -> None:
    found = {role: {f.name for f in made} for role, made in files(guarded()).items()}
    assert found == {
        "registry": {"registry.json"},
        "gateway": {
            *("gateway.yaml", "gateway.yaml.applied", "operator_digest"),
            *("consul_token", "oauth_client_secret"),
        },
        "agent": {
            *("doors.json", "doors.json.applied", "externals.json", "externals.json.applied"),
            *("management_token", "consul_token", "queues.json"),
        },
        "metrics": {
            *("prometheus.yml", "prometheus.yml.applied", "alerts.yml", "alerts.yml.applied"),
        },
        "auth": {"auth.json", "auth.json.applied", "consul_token"},
        "broker": {"rabbitmq.conf", "enabled_plugins", "definitions.json", "definitions.json.applied"},
    }
    assert set(files(project(service("web")))) == {"registry", "gateway", "agent", "metrics"}
    without = project(service("web"), platform=Platform(metrics=False))
    assert set(files(without)) == {"registry", "gateway", "agent"}


def test_only_what_can_be_read_again_is_live() -> None:
    every = [f for found in files(guarded()).values() for f in found]
    live = {f.name for f in every if f.live and not is_mark(f)}
    assert live == {
        *("gateway.yaml", "definitions.json", "auth.json", "doors.json", "externals.json"),
        *("queues.json", "prometheus.yml", "alerts.yml"),
    }


def test_auths_document_holds_no_secret_in_clear() -> None:
    document = next(f.content.reveal() for f in files(guarded())["auth"] if f.name == "auth.json")
    assert set(parse_directory(document).clients) >= {"gateway", "operator", "orders"}
    assert "secret-" not in document


@pytest.mark.parametrize(("kind", "word"), [("recipe", "master"), ("official", "initial_management")])
def test_the_registry_gets_its_management_token_in_its_own_words(kind: str, word: str) -> None:
    text = files(shop(), kind)["registry"][0].content.reveal()
    assert json.loads(text)["acl"]["tokens"][word] == "token-management"


def test_the_gateway_reads_whose_tokens_it_accepts() -> None:
    read = parse(gateway_document(guarded()))
    assert read.auth is not None
    assert (read.auth.issuer, read.auth.audience) == ("http://127.0.0.1:8080", "gateway")
    assert {route.path for route in read.routes if route.service == "auth"} == {p for _, p in AUTH_ROUTES}
    assert parse(gateway_document(project(service("web")))).auth is None


def test_definitions_hold_no_password_in_clear() -> None:
    broker = {f.name: f.content.reveal() for f in files(shop())["broker"]}
    users = json.loads(broker["definitions.json"])["users"]
    assert {user["name"] for user in users} == set(USERS)
    assert "hunter2" not in "".join(broker.values())


def guarded() -> Project:
    """The shop with scopes."""
    return with_service(shop(), "orders", scopes=("orders:read",))


def files(declared: Project, kind: str = "recipe") -> dict[str, tuple[SecretFile, ...]]:
    """The platform's files of ``declared``."""
    return platform_files(declared, CREDENTIALS, USERS, kind)


def manifest(folder: Path) -> Project:
    """The reference manifest, with the files that it names in ``folder``."""
    for name in ("orders", "inventory", "payments", "notifications"):
        (folder / "services" / name).mkdir(parents=True)
        (folder / "services" / name / "Dockerfile").write_text("FROM scratch\n")
    (folder / "certificates").mkdir()
    (folder / "keys").mkdir()
    for name in ("certificates/shop.pem", "certificates/shop.key", "keys/partner.pem"):
        (folder / name).touch()
    path = folder / "msctl.yaml"
    path.write_text(reference_text())
    return load(path, {}).project
