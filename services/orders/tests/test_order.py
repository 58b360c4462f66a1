"""What may be ordered."""

from __future__ import annotations

from typing import Any

import pytest
from orders.order import Draft, new_id, parse_draft, parse_id

from msctl.chassis import Problem

GOOD: dict[str, Any] = {"sku": "WIDGET", "quantity": 1, "customer": "ann"}


def test_a_good_order_is_read() -> None:
    assert parse_draft(GOOD) == Draft("WIDGET", 1, "ann")


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 0}, {"quantity": 1001}, {"quantity": 1.0}, {"quantity": True}, {"quantity": "1"},
        {"sku": ""}, {"sku": None}, {"sku": "a\0b"}, {"customer": "\ud800"}, {"customer": "x" * 201},
    ],
)  # fmt: skip
def test_a_bad_one_is_refused_with_the_name_of_the_field(change: dict[str, Any]) -> None:
    with pytest.raises(Problem, match=next(iter(change))) as refused:
        parse_draft(GOOD | change)
    assert refused.value.status == 400


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(Problem) as refused:
        parse_draft({})
    assert all(name in refused.value.message for name in ("sku", "quantity", "customer"))


def test_a_key_always_means_the_same_id_and_no_key_a_new_one() -> None:
    assert new_id("k1") == new_id("k1") != new_id("k2")
    assert new_id(None) != new_id(None)


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
def test_a_key_must_be_readable(key: str) -> None:
    with pytest.raises(Problem) as refused:
        new_id(key)
    assert refused.value.status == 400


def test_what_cannot_be_an_id_is_not_found() -> None:
    assert parse_id(new_id("k1").upper()) == new_id("k1")
    with pytest.raises(Problem) as refused:
        parse_id("7")
    assert refused.value.status == 404
