"""The service: what it answers, and which events it follows."""

from __future__ import annotations

from pathlib import Path

from msctl.chassis import Event, Request, Service, SqlTransaction
from payments import table
from payments.payment import charge, document

service = Service("payments", migrations=Path(__file__).parents[1] / "migrations")


@service.get("/payments", scope="payments:read")
async def payments_of_order(request: Request) -> object:
    """The payments of the order ``order``."""
    order = request.query_text("order")
    async with service.transaction() as transaction:
        return [document(payment) for payment in await table.of_order(transaction, order)]


@service.subscribe("order.placed")
async def placed(event: Event, transaction: SqlTransaction) -> None:
    """Charge the order."""
    await table.store(transaction, charge(event.data))
