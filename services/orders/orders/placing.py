"""Placing an order: reserve the stock, then store the order; safe to repeat, and to be cut off anywhere.

What dies after the reservation leaves stock held for an order that never came. Inventory then asks with
``reservation.expired``, and whichever transaction first writes the order's row decides: the order, or
its rejection.
"""

from __future__ import annotations

from typing import Protocol

from msctl.chassis import Problem
from orders.order import Draft, Order


class Orders(Protocol):
    """Where orders are kept."""

    async def find(self, order_id: str) -> Order | None:
        """The order, if it is there."""

    async def store(self, order: Order) -> Order:
        """Keep ``order`` and announce it, unless one with its id is there; the one that is there then."""


class Stock(Protocol):
    """Who keeps the goods."""

    async def reserve(self, order_id: str, draft: Draft) -> int:
        """Hold the goods, once for each order id; their price in cents. Raises a Problem when refused."""


async def place(draft: Draft, order_id: str, orders: Orders, stock: Stock) -> Order:
    """The order with ``order_id``, placed now or by an earlier request with the same key."""
    order = await orders.find(order_id)
    if order is None:
        try:
            price = await stock.reserve(order_id, draft)
        except Problem:
            # A rival with the same key may have been faster; its order is the answer then.
            order = await orders.find(order_id)
            if order is None:
                raise
        else:
            order = await orders.store(Order(order_id, draft, price * draft.quantity))
    return _answer(order, draft)


def _answer(order: Order, draft: Draft) -> Order:
    if order.status == "rejected":
        raise Problem(
            409, "order-expired", "The order took too long to be placed; place it again with a new key"
        )
    if order.draft != draft:
        raise Problem(422, "idempotency-key-reused", "This Idempotency-Key was used for another order")
    return order
