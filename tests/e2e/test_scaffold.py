"""From nothing to a running system by ``init`` and ``scaffold``, without a line written by hand."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.checkout import Checkout, free_port, new_project
from tests.e2e.engine_state import docker
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

SERVICES = {
    "first": (),
    "accounts": ("--database", "postgres", "--publishes", "account.opened"),
    "greetings": ("--database", "redis", "--subscribes", "account.*", "--calls", "accounts"),
    "ledger": ("--database", "mariadb", "--subscribes", "account.opened"),
    "front": ("--template", "node", "--database", "postgres", "--calls", "accounts,greetings"),
}


@pytest.fixture(scope="module")
def bank(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A project made by ``init`` and ``scaffold`` alone, up and healthy."""
    checkout = Checkout(tmp_path_factory.mktemp("bank"), new_project(), free_port())
    first, *others = SERVICES
    named = ("--project", checkout.project, "--port", str(checkout.port), "--service", first)
    checkout.msctl("init", *named).good()
    for name in others:
        checkout.msctl("scaffold", "new-service", name, *SERVICES[name]).good()
    try:
        checkout.msctl("up").good()
        yield checkout
    finally:
        checkout.sweep()


def ask(checkout: Checkout, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(checkout.url + path, data), timeout=30) as answer:
        return json.load(answer)


def test_everything_is_healthy_registered_and_routed(bank: Checkout) -> None:
    found = bank.msctl("status", "--json").good().json()
    assert found["healthy"]
    instances = [instance for service in found["services"] for instance in service["instances"]]
    assert len(instances) == len(SERVICES)
    assert all(instance["registered"] for instance in instances)
    for name in SERVICES:
        assert isinstance(ask(bank, f"/api/{name}"), list)


@pytest.mark.parametrize("name", SERVICES)
def test_what_was_added_is_found(bank: Checkout, name: str) -> None:
    added = ask(bank, f"/api/{name}", {"text": "hello"})
    assert ask(bank, f"/api/{name}/{added['id']}") == added


def test_events_arrive(bank: Checkout) -> None:
    def heard(name: str) -> bool:
        return any(item["text"] == "account.opened happened" for item in ask(bank, f"/api/{name}"))

    ask(bank, "/api/accounts", {"text": "hello"})
    eventually(lambda: heard("greetings") and heard("ledger"))


@pytest.mark.parametrize(("name", "answers"), [
    ("greetings", {"accounts": 200}), ("front", {"accounts": 200, "greetings": 200}),
])  # fmt: skip
def test_calls_arrive(bank: Checkout, name: str, answers: dict[str, int]) -> None:
    assert ask(bank, f"/api/{name}/neighbours") == answers


def test_nothing_is_left_to_do(bank: Checkout) -> None:
    assert bank.msctl("up", "--json").good().json()["changed"] == []


def test_the_node_services_own_tests_pass(bank: Checkout) -> None:
    name = bank.name("tests")
    docker("create", "--name", name, "msctl/node:18", "node", "--test")
    try:
        docker("cp", f"{bank.folder}/services/front/.", f"{name}:/app")
        told = docker("start", "--attach", name)
    finally:
        docker("rm", "--force", name)
    assert "# fail 0" in told
    assert "# pass 7" in told
