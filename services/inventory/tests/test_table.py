"""Which statements a reservation's fate leads to; what they do to rows is shown on a real MariaDB."""

from __future__ import annotations

from typing import Any, cast

import pytest
from inventory import table
from inventory.reservation import Wanted

from msctl.chassis import Problem, SqlTransaction

WANTED = Wanted("o-1", "WIDGET", 2)
ITEM = {"sku": "WIDGET", "name": "Widget", "price": 1250, "stock": 5}


class Script:
    """Gives the next of ``touched`` for each statement and of ``rows`` for each query."""

    def __init__(self, touched: list[int], rows: list[Any] | None = None) -> None:
        self.touched = touched
        self.rows = rows or []
        self.published: list[tuple[str, object]] = []

    async def execute(self, *_: object) -> int:
        return self.touched.pop(0)

    async def fetch_one(self, *_: object) -> Any:
        return self.rows.pop(0)

    async def fetch_all(self, *_: object) -> Any:
        return self.rows.pop(0)

    async def publish(self, event_type: str, data: object, *, subject: str | None = None) -> None:
        self.published.append((event_type, data))

    @property
    def transaction(self) -> SqlTransaction:
        return cast(SqlTransaction, self)


async def test_goods_are_held() -> None:
    script = Script([1, 1], [ITEM])
    held = await table.reserve(script.transaction, WANTED)
    assert (held.state, held.price) == ("held", 1250)


async def test_an_item_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(Problem) as refused:
        await table.reserve(Script([1], [None]).transaction, WANTED)
    assert refused.value.status == 404


async def test_short_stock_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        await table.reserve(Script([1, 0], [ITEM]).transaction, WANTED)
    assert refused.value.status == 409


async def test_goods_go_back_once() -> None:
    once = Script([1, 1])
    await table.release(once.transaction, "o-1")
    assert once.touched == []
    again = Script([0])
    await table.release(again.transaction, "o-1")
    assert again.touched == []


async def test_overdue_reservations_are_asked_for() -> None:
    script = Script([1], [[{"order_id": "o-1", "sku": "WIDGET", "quantity": 2}]])
    assert await table.question_expired(script.transaction) == 1
    assert script.published == [("reservation.expired", {"order": "o-1", "sku": "WIDGET", "quantity": 2})]
