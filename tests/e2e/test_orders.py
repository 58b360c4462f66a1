"""An order placed through the gateway goes all the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.databases import redis
from tests.e2e.ordering import DECLINED, at_rest, get, place, reservation_of, sold, status_of, stock
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e


def test_an_order_ends_as_a_paid_order_in_postgresql(shop: Checkout) -> None:
    order = place(shop, "ann")
    eventually(lambda: status_of(shop, order) == "paid")


def test_a_paid_order_ends_as_a_notification_in_redis(shop: Checkout) -> None:
    order = place(shop, "ben")
    told = eventually(lambda: redis(shop, "notifications", "LRANGE", f"notifications:{order}", "0", "-1"))
    assert json.loads(told)["customer"] == "ben"


def test_a_paid_order_keeps_its_goods(shop: Checkout) -> None:
    before = stock(shop, "GADGET")
    order = place(shop, "cid", "GADGET", 3)
    eventually(lambda: status_of(shop, order) == "paid")
    assert stock(shop, "GADGET") == before - 3


def test_a_declined_order_gives_its_goods_back(shop: Checkout) -> None:
    before = stock(shop, "GIZMO")
    order = place(shop, DECLINED, "GIZMO", 5)
    eventually(lambda: status_of(shop, order) == "declined")
    eventually(lambda: reservation_of(shop, order) == "released")
    assert stock(shop, "GIZMO") == before


def test_the_overview_puts_the_services_answers_together(shop: Checkout) -> None:
    order = place(shop, "dan")
    eventually(lambda: status_of(shop, order) == "paid")
    found = eventually(lambda: _whole(get(shop, f"/api/overview/{order}")))
    assert (found["order"]["id"], found["stock"]["sku"]) == (order, "WIDGET")


def _whole(overview: dict[str, Any]) -> dict[str, Any]:
    """It once all of its parts have come in time."""
    return overview if overview["_complete"] else {}


def test_stock_and_paid_orders_make_up_what_was_seeded(shop: Checkout) -> None:
    for customer in ("eve", DECLINED, "fay"):
        place(shop, customer, "WIDGET", 2)
    eventually(lambda: at_rest(shop), timeout=120.0)
    assert stock(shop, "WIDGET") + sold(shop, "WIDGET") == 1_000_000
