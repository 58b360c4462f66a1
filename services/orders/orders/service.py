"""The service: what it answers, and which events it follows."""

from __future__ import annotations

import os
from pathlib import Path

from msctl.chassis import Event, Reply, Request, Service, SqlTransaction
from orders.order import document, new_id, no_such_order, parse_draft, parse_id
from orders.placing import place
from orders.stock import InventoryStock
from orders.table import OrdersTable, reject_unplaced, settle

PUBLIC_PATH = os.environ.get("PUBLIC_PATH", "/orders")
"""Where clients see ``/orders``."""

_FOLDER = Path(__file__).parents[1]
service = Service("orders", migrations=_FOLDER / "migrations", events=_FOLDER / "events")
orders = OrdersTable(service.transaction)
stock = InventoryStock(service.client("inventory"))


@service.get("/orders", scope="orders:read")
async def list_orders(request: Request) -> object:
    """Newest first; ``after`` is the last id of the page before."""
    after = request.query.get("after")
    limit = request.query_number("limit", default=50, most=500)
    return [document(order) for order in await orders.page(limit, parse_id(after) if after else None)]


@service.get("/orders/{id}", scope="orders:read")
async def get_order(request: Request) -> object:
    """One order."""
    order = await orders.find(parse_id(request.parameters["id"]))
    if order is None:
        raise no_such_order()
    return document(order)


@service.post("/orders", scope="orders:write")
async def place_order(request: Request) -> Reply:
    """Place an order; the same ``Idempotency-Key`` always means the same order."""
    order_id = new_id(request.headers.get("idempotency-key"))
    order = await place(parse_draft(request.json()), order_id, orders, stock)
    return Reply(document(order), status=201, headers={"Location": f"{PUBLIC_PATH}/{order.id}"})


@service.subscribe("payment.captured")
async def paid(event: Event, transaction: SqlTransaction) -> None:
    """The money is there."""
    await settle(transaction, event.data["order"], "paid")


@service.subscribe("payment.declined")
async def declined(event: Event, transaction: SqlTransaction) -> None:
    """There is no money."""
    await settle(transaction, event.data["order"], "declined")


@service.subscribe("reservation.expired")
async def unplaced(event: Event, transaction: SqlTransaction) -> None:
    """Inventory asks what became of an order; silence means that it was placed."""
    await reject_unplaced(transaction, event.data["order"], event.data["sku"], event.data["quantity"])
