"""What an order is, and what may be asked for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msctl.chassis import Problem

Status = Literal["pending", "paid", "declined", "rejected"]

MOST = 1000
LONGEST = 200
_KEYS = uuid.UUID("6f1f2a1c-55a9-4b0e-9a3e-0d7a5b8a3c11")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a customer asks for."""

    sku: str
    quantity: int
    customer: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it is stored; ``amount`` is in cents."""

    id: str
    draft: Draft
    amount: int
    status: Status = "pending"
    placed_at: str | None = None


def parse_draft(document: Mapping[str, Any]) -> Draft:
    """The draft in a request's body; one 400 names everything that is wrong with it."""
    quantity = document.get("quantity")
    wrong = [
        f"'{name}' is not a text of 1 to {LONGEST} printable characters"
        for name in ("sku", "customer")
        if not _is_text(document.get(name))
    ]
    if type(quantity) is not int or not 1 <= quantity <= MOST:
        wrong.append(f"'quantity' is not a whole number from 1 to {MOST}")
    if wrong:
        raise Problem(400, "invalid-order", "; ".join(wrong))
    return Draft(document["sku"], document["quantity"], document["customer"])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()


def new_id(key: str | None) -> str:
    """A random id, or always the same one for the same Idempotency-Key."""
    if key is None:
        return str(uuid.uuid4())
    if not _is_text(key):
        raise Problem(
            400, "invalid-idempotency-key", f"An Idempotency-Key has 1 to {LONGEST} printable characters"
        )
    return str(uuid.uuid5(_KEYS, key))


def parse_id(text: str) -> str:
    """The id of an order that may exist; a 404 for what cannot be one."""
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise no_such_order() from error


def no_such_order() -> Problem:
    """The answer for an order that does not exist."""
    return Problem(404, "no-such-order", "There is no order with this id")


def document(order: Order) -> dict[str, object]:
    """The order as its readers see it."""
    return {
        "id": order.id,
        "sku": order.draft.sku,
        "quantity": order.draft.quantity,
        "customer": order.draft.customer,
        "amount": order.amount,
        "status": order.status,
        "placed_at": order.placed_at,
    }
