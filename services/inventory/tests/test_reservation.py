"""What may be reserved, and what a second request for one order means."""

from __future__ import annotations

from typing import Any

import pytest
from inventory.reservation import Reservation, State, Wanted, parse_wanted, repeated

from msctl.chassis import Problem

GOOD: dict[str, Any] = {"order": "o-1", "sku": "WIDGET", "quantity": 2}
WANTED = Wanted("o-1", "WIDGET", 2)


def test_a_good_request_is_read() -> None:
    assert parse_wanted(GOOD) == WANTED


@pytest.mark.parametrize(
    "change",
    [
        {"order": ""}, {"order": "a b"}, {"order": None}, {"order": "x" * 65}, {"sku": ""}, {"sku": "a\0"},
        {"quantity": 0}, {"quantity": True}, {"quantity": 1.0}, {"quantity": 1_000_001},
    ],
)  # fmt: skip
def test_a_bad_one_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        parse_wanted(GOOD | change)
    assert refused.value.status == 400


@pytest.mark.parametrize("state", ["held", "questioned", "confirmed"])
def test_a_repeated_request_gets_the_first_ones_answer(state: State) -> None:
    known = Reservation(WANTED, state, 1250)
    assert repeated(known, WANTED) == known


def test_other_goods_for_the_same_order_are_refused() -> None:
    with pytest.raises(Problem) as refused:
        repeated(Reservation(WANTED, "held", 1250), Wanted("o-1", "GADGET", 2))
    assert refused.value.status == 422


def test_goods_given_back_are_not_held_again() -> None:
    with pytest.raises(Problem) as refused:
        repeated(Reservation(WANTED, "released", 1250), WANTED)
    assert refused.value.status == 409
