"""Clients, audiences and scopes follow from the manifest."""

from __future__ import annotations

import pytest

from msctl.auth.members import digest, directory, parse, render
from msctl.errors import MsctlError
from msctl.model.project import AggregatePart, Auth, AuthClient, Gateway, Project, Route
from msctl.model.secret import Secret
from tests.unit.plan.projects import project, service


@pytest.fixture
def shop() -> Project:
    return project(
        service(
            "orders", scopes=("orders:read",), calls={"inventory": ("inventory:reserve",), "payments": None}
        ),
        service("inventory", scopes=("inventory:read", "inventory:reserve")),
        service("payments", scopes=("payments:read",)),
        gateway=Gateway(
            routes=(
                Route("/orders", service="orders", scopes=("orders:read",)),
                Route("/items", service="inventory", methods=("GET",), scopes=("inventory:read",)),
                Route(
                    "/all",
                    scopes=("orders:read",),
                    aggregate=(
                        AggregatePart("stock", "GET inventory:/items"),
                        AggregatePart("paid", "GET payments:/payments"),
                    ),
                ),
            )
        ),
        auth=Auth((AuthClient("web", ("orders:read",)),)),
    )


def test_a_secret_that_is_no_text_is_only_wrong() -> None:
    assert digest("\udcff") != digest("")


def test_calls_are_what_lets_a_service_get_a_token(shop: Project) -> None:
    clients = directory(shop, {}, {}).clients
    assert clients["orders"].audiences == {
        "inventory": ("inventory:reserve",),
        "payments": ("payments:read",),
    }
    assert clients["payments"].audiences == {}


def test_outside_clients_and_the_operator_get_tokens_for_the_gateway(shop: Project) -> None:
    clients = directory(shop, {}, {}).clients
    assert clients["web"].audiences == {"gateway": ("orders:read",)}
    assert clients["operator"].audiences == {"gateway": ("orders:read", "inventory:read")}


def test_the_gateway_exchanges_for_everybody_and_reads_parts_in_its_own_name(shop: Project) -> None:
    gateway = directory(shop, {}, {}).clients["gateway"]
    assert gateway.audiences == {"inventory": ("inventory:read",), "payments": ("payments:read",)}
    assert set(gateway.exchanges) == {"orders", "inventory", "payments"}


def test_the_document_holds_digests_instead_of_secrets_and_reads_back(shop: Project) -> None:
    found = directory(shop, {"web": Secret("hunter2")}, {"web": "PEM"})
    text = render(found)
    assert "hunter2" not in text
    assert parse(text) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"clients": {"a": {}}}'])
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(MsctlError):
        parse(text)
