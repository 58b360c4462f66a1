"""Prometheus of a running project: what it finds, what it says, who can reach it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e


def prometheus(shop: Checkout) -> str:
    """Where its page is."""
    return shop.msctl("open", "metrics", "--print").good().stdout.strip()


def asked(shop: Checkout, path: str) -> Any:
    """The data of one answer of its API."""
    with urlopen(f"{prometheus(shop)}/api/v1/{path}", timeout=30) as answer:
        return json.load(answer)["data"]


def healthy_targets(shop: Checkout) -> set[str]:
    found = asked(shop, "targets?state=active")["activeTargets"]
    return {
        target["labels"]["instance"].removeprefix(f"{shop.project}-")
        for target in found
        if target["health"] == "up"
    }


def test_every_process_is_found_in_consul_and_scraped(shop: Checkout) -> None:
    platform = {"gateway", "auth", "agent", "observer", "metrics"}
    services = {"orders-1", "orders-2", "inventory-1", "payments-1", "notifications-1"}
    eventually(lambda: healthy_targets(shop) == platform | services, timeout=120.0, interval=1.0)


def test_the_shipped_rules_are_loaded_and_none_of_them_is_wrong(shop: Checkout) -> None:
    groups = asked(shop, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    eventually(
        lambda: all(r["health"] == "ok" for g in asked(shop, "rules")["groups"] for r in g["rules"]),
        timeout=120.0,
    )
    assert {"ServiceDown", "CircuitOpen", "DeadLetters", "DiskNearlyFull"} <= {rule["name"] for rule in rules}


def test_figures_of_databases_and_broker_are_told(shop: Checkout) -> None:
    def sizes() -> set[str]:
        query = quote("msctl_database_size_bytes > 0")
        return {row["metric"]["name"] for row in asked(shop, f"query?query={query}")["result"]}

    wanted = {"orders", "inventory", "payments", "notifications"}
    eventually(lambda: sizes() == wanted, timeout=120.0, interval=1.0)
    found = shop.msctl("top", "--json").good().json()
    orders = next(service for service in found["services"] if service["name"] == "orders")
    assert orders["data"]["connections"] > 0
    assert found["broker"]["connections"] > 0
    payments = next(service for service in found["services"] if service["name"] == "payments")
    assert payments["queue"]["consumers"] == 1
    assert found["alerts"] is not None
    assert "rabbitmq" in shop.msctl("top").good().stdout


def test_it_is_on_the_loopback_and_has_no_rights(shop: Checkout) -> None:
    found = containers(shop.project)[shop.name("metrics")]
    bound = [place["HostIp"] for places in found["HostConfig"]["PortBindings"].values() for place in places]
    assert set(bound) == {"127.0.0.1"}
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert found["Config"]["User"] == "65534:65534"
    token = json.loads((shop.workspace / "credentials.json").read_text())["registry/metrics"]
    with urlopen(f"{prometheus(shop)}/api/v1/status/config", timeout=30) as answer:
        assert token not in answer.read().decode()
