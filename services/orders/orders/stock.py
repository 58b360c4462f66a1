"""Stock as the inventory service keeps it."""

from __future__ import annotations

from msctl.chassis import Client, Problem
from orders.order import Draft


class InventoryStock:
    """Reserves by a call to inventory."""

    def __init__(self, inventory: Client) -> None:
        self._inventory = inventory

    async def reserve(self, order_id: str, draft: Draft) -> int:
        """Hold the goods for the order; the price of one in cents."""
        wanted = {"order": order_id, "sku": draft.sku, "quantity": draft.quantity}
        answer = await self._inventory.post("/reservations", wanted, key=order_id)
        match answer.status:
            case 200 | 201:
                return int(answer.body["price"])
            case 404:
                raise Problem(422, "unknown-sku", f"There is no item {draft.sku!r}")
            case 409:
                raise Problem(409, "out-of-stock", f"There is not enough of {draft.sku!r}")
            case status:
                raise Problem(502, "upstream-answer", f"Service 'inventory' answered {status}")
