"""Items and reservations in MariaDB. Rows are locked in one order: the reservation, then its item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory.reservation import HOLD_SECONDS, Reservation, Wanted, repeated
from msctl.chassis import Problem, SqlTransaction

_HOLD = """
INSERT INTO reservations (order_id, sku, quantity, state, expires_at)
VALUES (%s, %s, %s, 'held', NOW(3) + INTERVAL %s SECOND) ON DUPLICATE KEY UPDATE order_id = order_id
"""
_EXPIRED = """
SELECT order_id, sku, quantity FROM reservations WHERE state = 'held' AND expires_at < NOW(3)
ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
"""

_GIVE_BACK = """
UPDATE items i JOIN reservations r ON r.sku = i.sku SET i.stock = i.stock + r.quantity WHERE r.order_id = %s
"""


async def items(transaction: SqlTransaction) -> list[Mapping[str, Any]]:
    """All items."""
    return await transaction.fetch_all("SELECT sku, name, price, stock FROM items ORDER BY sku")


async def item(transaction: SqlTransaction, sku: str) -> Mapping[str, Any]:
    """One item; a 404 when there is none."""
    row = await transaction.fetch_one("SELECT sku, name, price, stock FROM items WHERE sku = %s", sku)
    if row is None:
        raise Problem(404, "no-such-item", f"There is no item {sku!r}")
    return row


async def reservation(transaction: SqlTransaction, order: str) -> Reservation | None:
    """What is held for an order, if anything ever was."""
    sql = "SELECT r.*, i.price FROM reservations r JOIN items i ON i.sku = r.sku WHERE r.order_id = %s"
    row = await transaction.fetch_one(sql, order)
    if row is None:
        return None
    return Reservation(Wanted(row["order_id"], row["sku"], row["quantity"]), row["state"], row["price"])


async def reserve(transaction: SqlTransaction, wanted: Wanted) -> Reservation:
    """Hold the goods, once for each order; 404 without such an item, 409 without enough of it."""
    if not await transaction.execute(_HOLD, wanted.order, wanted.sku, wanted.quantity, HOLD_SECONDS):
        known = await reservation(transaction, wanted.order)
        if known is not None:
            return repeated(known, wanted)
    price = (await item(transaction, wanted.sku))["price"]
    sql = "UPDATE items SET stock = stock - %s WHERE sku = %s AND stock >= %s"
    if not await transaction.execute(sql, wanted.quantity, wanted.sku, wanted.quantity):
        raise Problem(409, "out-of-stock", f"There is not enough of {wanted.sku!r}")
    return Reservation(wanted, "held", price)


async def confirm(transaction: SqlTransaction, order: str) -> None:
    """The order came."""
    sql = (
        "UPDATE reservations SET state = 'confirmed' WHERE order_id = %s AND state IN ('held', 'questioned')"
    )
    await transaction.execute(sql, order)


async def release(transaction: SqlTransaction, order: str) -> None:
    """Give the goods back, at most once."""
    sql = "UPDATE reservations SET state = 'released' WHERE order_id = %s AND state <> 'released'"
    if await transaction.execute(sql, order):
        await transaction.execute(_GIVE_BACK, order)


async def question_expired(transaction: SqlTransaction) -> int:
    """Ask for the orders of overdue reservations; how many. Only the answer decides, never the time."""
    rows = await transaction.fetch_all(_EXPIRED)
    for row in rows:
        order = row["order_id"]
        await transaction.execute("UPDATE reservations SET state = 'questioned' WHERE order_id = %s", order)
        data = {"order": order, "sku": row["sku"], "quantity": row["quantity"]}
        await transaction.publish("reservation.expired", data, subject=order)
    return len(rows)
