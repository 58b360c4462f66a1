"""Payments in PostgreSQL."""

from __future__ import annotations

from msctl.chassis import SqlTransaction
from payments.payment import Payment, document

_INSERT = """
INSERT INTO payments (id, order_id, customer, amount, status) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (order_id) DO NOTHING
"""


async def store(transaction: SqlTransaction, payment: Payment) -> bool:
    """Keep the order's only payment and publish its outcome; false when the order has one."""
    values = (payment.id, payment.order, payment.customer, payment.amount, payment.status)
    if not await transaction.execute(_INSERT, *values):
        return False
    await transaction.publish(f"payment.{payment.status}", document(payment), subject=payment.order)
    return True


async def of_order(transaction: SqlTransaction, order: str) -> list[Payment]:
    """The payments of an order."""
    rows = await transaction.fetch_all("SELECT * FROM payments WHERE order_id = $1", order)
    return [
        Payment(row["id"], row["order_id"], row["customer"], row["amount"], row["status"]) for row in rows
    ]
