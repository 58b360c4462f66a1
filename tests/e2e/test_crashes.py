"""Stock and paid orders add up, whatever was killed between any two steps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from tests.e2e.chaos import settle
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.e2e.ordering import DECLINED, SEEDED, at_rest, placed, sold, stock
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_ORDERS = 120
_CUSTOMERS = ("gus", "hal", DECLINED, "ivy")
_EARLY = 8


@contextmanager
def _storm(checkout: Checkout) -> Iterator[None]:
    """Many orders from four clients; the block runs while they come, once the shop took some of them.

    The first ones are placed until they are taken: the victim before may have left a circuit open.
    """
    buyers = [_CUSTOMERS[number % len(_CUSTOMERS)] for number in range(_ORDERS)]
    with ThreadPoolExecutor(len(_CUSTOMERS)) as pool:
        early = [
            pool.submit(eventually, partial(placed, checkout, buyer), timeout=120.0)
            for buyer in buyers[:_EARLY]
        ]
        for buyer in buyers[_EARLY:]:
            pool.submit(placed, checkout, buyer)
        for order in early:
            order.result()
        yield


@pytest.mark.parametrize("victim", ["orders-1", "inventory-1", "payments-1", "broker", "inventory-db"])
def test_nothing_is_lost_or_sold_twice(shop: Checkout, victim: str) -> None:
    with _storm(shop):
        docker("kill", shop.name(victim))
    settle(shop)
    eventually(lambda: at_rest(shop), timeout=240.0, interval=0.5)
    assert stock(shop, "WIDGET") + sold(shop, "WIDGET") == SEEDED


def test_the_shop_takes_orders_while_one_of_two_instances_is_dead(shop: Checkout) -> None:
    docker("kill", shop.name("orders-2"))
    try:
        eventually(lambda: placed(shop, "jan"))
    finally:
        settle(shop)
