"""The service: what it answers, and which events it follows."""

from __future__ import annotations

from pathlib import Path

from inventory import table
from inventory.reservation import document, parse_wanted
from msctl.chassis import Event, Problem, Reply, Request, Service, SqlTransaction

service = Service("inventory", migrations=Path(__file__).parents[1] / "migrations")


@service.get("/items", scope="inventory:read")
async def list_items(_: Request) -> object:
    """All items."""
    async with service.transaction() as transaction:
        return await table.items(transaction)


@service.get("/items/{sku}", scope="inventory:read")
async def get_item(request: Request) -> object:
    """One item."""
    async with service.transaction() as transaction:
        return await table.item(transaction, request.parameters["sku"])


@service.post("/reservations", scope="inventory:reserve")
async def reserve(request: Request) -> Reply:
    """Hold goods for an order; asking again for the same order changes nothing."""
    wanted = parse_wanted(request.json())
    async with service.transaction() as transaction:
        return Reply(document(await table.reserve(transaction, wanted)), status=201)


@service.get("/reservations/{order}", scope="inventory:reserve")
async def get_reservation(request: Request) -> object:
    """What is held for an order."""
    async with service.transaction() as transaction:
        found = await table.reservation(transaction, request.parameters["order"])
    if found is None:
        raise Problem(404, "no-such-reservation", "Nothing was reserved for this order")
    return document(found)


@service.subscribe("order.placed")
async def placed(event: Event, transaction: SqlTransaction) -> None:
    """The order came, so its goods are no longer waited for."""
    await table.confirm(transaction, event.data["order"])


@service.subscribe("order.abandoned")
async def abandoned(event: Event, transaction: SqlTransaction) -> None:
    """The order will never come."""
    await table.release(transaction, event.data["order"])


@service.subscribe("payment.declined")
async def declined(event: Event, transaction: SqlTransaction) -> None:
    """The order came but is not paid."""
    await table.release(transaction, event.data["order"])


@service.every(2)
async def sweep() -> None:
    """Ask for orders that should have come by now."""
    async with service.transaction() as transaction:
        await table.question_expired(transaction)
