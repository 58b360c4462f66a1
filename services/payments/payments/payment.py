"""A payment, and who pays."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["captured", "declined"]

DECLINED_CUSTOMER = "declined@example.com"


@dataclass(frozen=True, slots=True)
class Payment:
    """One decided charge; ``amount`` is in cents."""

    id: str
    order: str
    customer: str
    amount: int
    status: Status


def charge(order: Mapping[str, Any]) -> Payment:
    """Decide the payment of an ``order.placed`` event's data."""
    status: Status = "declined" if order["customer"] == DECLINED_CUSTOMER else "captured"
    return Payment(str(uuid.uuid4()), order["order"], order["customer"], order["amount"], status)


def document(payment: Payment) -> dict[str, object]:
    """The payment as readers and events see it."""
    return {
        "id": payment.id, "order": payment.order, "customer": payment.customer,
        "amount": payment.amount, "status": payment.status,
    }  # fmt: skip
