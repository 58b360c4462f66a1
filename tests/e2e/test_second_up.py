"""A second ``up`` with nothing changed writes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.catalog import indexes
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import inspected
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e


def _traces(checkout: Checkout) -> dict[str, Any]:
    """Everything that a write would leave a trace in."""
    containers = inspected("container", checkout.project)
    return {
        "containers": {name: (c["Id"], c["State"]["StartedAt"]) for name, c in containers.items()},
        "networks": {name: n["Id"] for name, n in inspected("network", checkout.project).items()},
        "volumes": {name: v["CreatedAt"] for name, v in inspected("volume", checkout.project).items()},
        "files": {p.name: p.stat().st_mtime_ns for p in checkout.workspace.iterdir() if p.name != "lock"},
        "indexes": indexes(checkout.project),
    }


def test_the_shop_is_left_as_it_is(shop: Checkout) -> None:
    """The one after a delivery notes what it has read; a check that fails or recovers is Consul's writing."""
    for _ in range(2):  # what tests before did may have to be mended, which is a delivery
        shop.msctl("up").good()
    eventually(lambda: _is_left_alone(shop), timeout=120.0)


def _is_left_alone(checkout: Checkout) -> bool:
    before = _traces(checkout)
    assert checkout.msctl("up", "--json").good().json()["changed"] == []
    after = _traces(checkout)
    found_before, found_after = before.pop("indexes"), after.pop("indexes")
    files_before, files_after = before.pop("files"), after.pop("files")
    assert {name for name, _ in files_after.items() ^ files_before.items()} == set()
    assert after == before
    return bool(found_after == found_before)


def test_it_says_that_there_is_nothing_to_do(shop: Checkout) -> None:
    assert "nothing to do" in shop.msctl("up").good().stderr
