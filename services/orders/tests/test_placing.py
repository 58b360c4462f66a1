"""Placing an order, also twice, also against a rival."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from orders.order import Draft, Order
from orders.placing import place

from msctl.chassis import Problem

DRAFT = Draft("WIDGET", 2, "ann")


@dataclass
class Memory:
    """Orders and stock in memory; ``rival`` is stored at the moment of the reservation."""

    stock: int = 10
    orders: dict[str, Order] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=dict)
    rival: Order | None = None

    async def find(self, order_id: str) -> Order | None:
        await asyncio.sleep(0)
        return self.orders.get(order_id)

    async def store(self, order: Order) -> Order:
        await asyncio.sleep(0)
        return self.orders.setdefault(order.id, order)

    async def reserve(self, order_id: str, draft: Draft) -> int:
        await asyncio.sleep(0)
        if self.rival:
            self.orders[order_id] = self.rival
        if order_id not in self.reserved:
            if self.stock < draft.quantity:
                raise Problem(409, "out-of-stock", "There is not enough")
            self.stock -= draft.quantity
            self.reserved[order_id] = draft.quantity
        return 1250


async def test_an_order_is_reserved_priced_and_stored() -> None:
    memory = Memory()
    order = await place(DRAFT, "o-1", memory, memory)
    assert order == memory.orders["o-1"] == Order("o-1", DRAFT, 2500)
    assert memory.stock == 8


async def test_the_same_order_again_changes_nothing() -> None:
    memory = Memory()
    first = await place(DRAFT, "o-1", memory, memory)
    memory.orders["o-1"] = replace(first, status="paid")
    assert (await place(DRAFT, "o-1", memory, memory)).status == "paid"
    assert memory.stock == 8


async def test_the_same_order_at_once_is_placed_once() -> None:
    memory = Memory()
    orders = await asyncio.gather(*(place(DRAFT, "o-1", memory, memory) for _ in range(10)))
    assert len(set(orders)) == 1
    assert memory.stock == 8


async def test_short_stock_is_refused_and_leaves_nothing() -> None:
    memory = Memory(stock=1)
    with pytest.raises(Problem) as refused:
        await place(DRAFT, "o-1", memory, memory)
    assert refused.value.status == 409
    assert memory.orders == {}


async def test_a_rivals_order_is_the_answer_when_the_reservation_is_refused() -> None:
    memory = Memory(stock=1, rival=Order("o-1", DRAFT, 2500, "declined"))
    assert (await place(DRAFT, "o-1", memory, memory)).status == "declined"


async def test_a_key_of_another_order_is_refused() -> None:
    memory = Memory()
    await place(DRAFT, "o-1", memory, memory)
    with pytest.raises(Problem) as refused:
        await place(replace(DRAFT, quantity=3), "o-1", memory, memory)
    assert refused.value.status == 422


async def test_an_order_that_inventory_gave_up_cannot_be_placed_any_more() -> None:
    memory = Memory(rival=Order("o-1", Draft("WIDGET", 2, ""), 0, "rejected"))
    with pytest.raises(Problem, match="too long") as refused:
        await place(DRAFT, "o-1", memory, memory)
    assert refused.value.status == 409
