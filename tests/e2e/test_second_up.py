"""A second ``up`` with nothing changed writes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.catalog import indexes
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import inspected

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
    before = _traces(shop)
    assert shop.msctl("up", "--json").good().json()["changed"] == []
    assert _traces(shop) == before


def test_it_says_that_there_is_nothing_to_do(shop: Checkout) -> None:
    assert "nothing to do" in shop.msctl("up").good().stderr
