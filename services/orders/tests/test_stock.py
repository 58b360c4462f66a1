"""What inventory's answers mean for an order."""

from __future__ import annotations

from typing import Any, cast

import pytest
from orders.order import Draft
from orders.stock import InventoryStock

from msctl.chassis import Answer, Client, Problem


class FakeInventory:
    """Answers every call alike, and keeps what was asked."""

    def __init__(self, status: int, body: object = None) -> None:
        self.answer = Answer(status, body)
        self.asked: list[tuple[str, Any, str]] = []

    async def post(self, path: str, body: object, *, key: str) -> Answer:
        self.asked.append((path, body, key))
        return self.answer


def stock(inventory: FakeInventory) -> InventoryStock:
    return InventoryStock(cast(Client, inventory))


async def test_goods_are_asked_for_in_the_orders_name() -> None:
    inventory = FakeInventory(201, {"price": 1250})
    assert await stock(inventory).reserve("o-1", Draft("WIDGET", 2, "ann")) == 1250
    assert inventory.asked == [("/reservations", {"order": "o-1", "sku": "WIDGET", "quantity": 2}, "o-1")]


@pytest.mark.parametrize(("status", "expected"), [(404, 422), (409, 409), (400, 502), (422, 502)])
async def test_a_refusal_becomes_the_customers_answer(status: int, expected: int) -> None:
    with pytest.raises(Problem) as refused:
        await stock(FakeInventory(status)).reserve("o-1", Draft("WIDGET", 2, "ann"))
    assert refused.value.status == expected
