"""Who pays, and that each order is charged once."""

from __future__ import annotations

from typing import Any, cast

import pytest
from payments import table
from payments.payment import DECLINED_CUSTOMER, charge

from msctl.chassis import SqlTransaction

ORDER = {"order": "o-1", "sku": "WIDGET", "quantity": 2, "customer": "ann", "amount": 2500}


class FakeTransaction:
    """A table with room for one payment of each order."""

    def __init__(self) -> None:
        self.orders: set[Any] = set()
        self.published: list[tuple[str, Any]] = []

    async def execute(self, _: str, *values: object) -> int:
        known = values[1] in self.orders
        self.orders.add(values[1])
        return 0 if known else 1

    async def publish(self, event_type: str, data: object, *, subject: str | None = None) -> None:
        self.published.append((event_type, data))


@pytest.mark.parametrize(
    ("customer", "status"), [("ann", "captured"), (DECLINED_CUSTOMER, "declined"), ("Declined", "captured")]
)
def test_one_customer_is_always_declined(customer: str, status: str) -> None:
    payment = charge(ORDER | {"customer": customer})
    assert (payment.order, payment.amount, payment.status) == ("o-1", 2500, status)


@pytest.mark.parametrize("missing", ["order", "customer", "amount"])
def test_an_order_that_lacks_something_fails(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        charge({key: value for key, value in ORDER.items() if key != missing})


async def test_an_order_is_charged_once() -> None:
    transaction = FakeTransaction()
    assert await table.store(cast(SqlTransaction, transaction), charge(ORDER))
    assert not await table.store(cast(SqlTransaction, transaction), charge(ORDER))
    assert [event_type for event_type, _ in transaction.published] == ["payment.captured"]
    assert transaction.published[0][1]["order"] == "o-1"
