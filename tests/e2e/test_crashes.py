"""Stock and paid orders add up, whatever was killed between any two steps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.e2e.ordering import DECLINED, SEEDED, at_rest, placed, sold, stock
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_ORDERS = 40
_CUSTOMERS = ("gus", "hal", DECLINED, "ivy")
_EARLY = 8


@contextmanager
def _storm(checkout: Checkout) -> Iterator[None]:
    """Forty orders from four clients; the block runs once some are through, and the rest come after it.

    A circuit that the victim before left open closes first.
    """
    eventually(lambda: placed(checkout, "kay"))
    with ThreadPoolExecutor(len(_CUSTOMERS)) as pool:
        buyers = [_CUSTOMERS[number % len(_CUSTOMERS)] for number in range(_ORDERS)]
        orders = [pool.submit(placed, checkout, buyer) for buyer in buyers]
        early = [order.result() for _, order in zip(range(_EARLY), as_completed(orders), strict=False)]
        assert all(early)
        yield


@pytest.mark.parametrize("victim", ["orders-1", "inventory-1", "payments-1", "broker", "inventory-db"])
def test_nothing_is_lost_or_sold_twice(shop: Checkout, victim: str) -> None:
    with _storm(shop):
        docker("kill", shop.name(victim))
    shop.msctl("up").good()
    eventually(lambda: at_rest(shop), timeout=120.0, interval=0.5)
    assert stock(shop, "WIDGET") + sold(shop, "WIDGET") == SEEDED


def test_the_shop_takes_orders_while_one_of_two_instances_is_dead(shop: Checkout) -> None:
    docker("kill", shop.name("orders-2"))
    try:
        eventually(lambda: placed(shop, "jan"))
    finally:
        shop.msctl("up").good()
