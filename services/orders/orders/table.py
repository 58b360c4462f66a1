"""Orders in PostgreSQL; whoever changes one publishes the event in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from msctl.chassis import SqlTransaction
from orders.order import Draft, Order, Status

_INSERT = """
INSERT INTO orders (id, sku, quantity, customer, amount, status) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING
"""
_PAGE = """
SELECT * FROM orders
WHERE number < coalesce((SELECT number FROM orders WHERE id = $1), 9223372036854775807)
ORDER BY number DESC LIMIT $2
"""


class OrdersTable:
    """The table of orders."""

    def __init__(self, transaction: Callable[[], AbstractAsyncContextManager[SqlTransaction]]) -> None:
        self._transaction = transaction

    async def find(self, order_id: str) -> Order | None:
        """The order, if it is there."""
        async with self._transaction() as transaction:
            return await _find(transaction, order_id)

    async def page(self, limit: int, after: str | None) -> list[Order]:
        """The newest orders, or those placed before the order ``after``."""
        async with self._transaction() as transaction:
            return [_order(row) for row in await transaction.fetch_all(_PAGE, after, limit)]

    async def store(self, order: Order) -> Order:
        """Insert ``order`` and publish ``order.placed``; when its id is taken, the order that has it."""
        async with self._transaction() as transaction:
            if await _insert(transaction, order):
                await transaction.publish("order.placed", _placed(order), subject=order.id)
            return await _find(transaction, order.id) or order


async def reject_unplaced(transaction: SqlTransaction, order_id: str, sku: str, quantity: int) -> bool:
    """Take the row of an order that never came, so that it cannot come any more; false when it came."""
    rejected = Order(order_id, Draft(sku, quantity, ""), 0, "rejected")
    if not await _insert(transaction, rejected):
        return False
    await transaction.publish("order.abandoned", {"order": order_id}, subject=order_id)
    return True


async def settle(transaction: SqlTransaction, order_id: str, status: Status) -> None:
    """A pending order becomes ``status``; the first outcome stays."""
    sql = "UPDATE orders SET status = $2 WHERE id = $1 AND status = 'pending'"
    if not await transaction.execute(sql, order_id, status) and await _find(transaction, order_id) is None:
        raise LookupError(f"there is no order {order_id}")


async def _insert(transaction: SqlTransaction, order: Order) -> bool:
    draft = order.draft
    values = (order.id, draft.sku, draft.quantity, draft.customer, order.amount, order.status)
    return await transaction.execute(_INSERT, *values) == 1


async def _find(transaction: SqlTransaction, order_id: str) -> Order | None:
    row = await transaction.fetch_one("SELECT * FROM orders WHERE id = $1", order_id)
    return _order(row) if row else None


def _order(row: Mapping[str, Any]) -> Order:
    draft = Draft(row["sku"], row["quantity"], row["customer"])
    return Order(row["id"], draft, row["amount"], row["status"], row["placed_at"].isoformat())


def _placed(order: Order) -> dict[str, object]:
    draft = order.draft
    return {
        "order": order.id, "sku": draft.sku, "quantity": draft.quantity,
        "customer": draft.customer, "amount": order.amount,
    }  # fmt: skip
