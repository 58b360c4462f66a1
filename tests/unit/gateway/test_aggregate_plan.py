"""Calls of aggregates and how they are filled."""

from __future__ import annotations

import pytest

from msctl.gateway.aggregate_plan import MissingField, UnfitField, check_parts, fill, parse_call
from msctl.manifest.faults import Fault
from msctl.model.project import AggregatePart


@pytest.mark.parametrize(
    ("values", "target"),
    [
        ({"id": "7", "order": {"sku": "W"}}, "/items/W?o=7"),
        ({"id": "a/../b", "order": {"sku": "?x=1&y#"}}, "/items/%3Fx%3D1%26y%23?o=a%2F..%2Fb"),
        ({"id": 7, "order": {"sku": True}}, "/items/true?o=7"),
        ({"id": "ä\r\n", "order": {"sku": 1.5}}, "/items/1.5?o=%C3%A4%0D%0A"),
    ],
)
def test_values_cannot_leave_their_place(values: dict[str, object], target: str) -> None:
    assert fill(parse_call("GET inventory:/items/{order.sku}?o={id}"), values) == target


@pytest.mark.parametrize("sku", [None, {}, [], ""])
def test_fields_that_make_no_target(sku: object) -> None:
    with pytest.raises(MissingField):
        fill(parse_call("GET a:/{order.sku}"), {"order": {"sku": sku}})
    with pytest.raises(MissingField):
        fill(parse_call("GET a:/{order.sku}"), {"order": [sku]})


@pytest.mark.parametrize("sku", [".", "..", "..;x", "a/b", "/../../admin", "a\\b", "a\0b", "\ud800"])
def test_fields_that_servers_read_differently_in_a_path(sku: str) -> None:
    with pytest.raises(UnfitField):
        fill(parse_call("GET a:/items/{order.sku}"), {"order": {"sku": sku}})


def test_in_a_query_a_slash_is_only_a_letter() -> None:
    assert fill(parse_call("GET a:/items?sku={order.sku}"), {"order": {"sku": "../a"}}) == "/items?sku=..%2Fa"
    with pytest.raises(UnfitField):
        fill(parse_call("GET a:/items?sku={order.sku}"), {"order": {"sku": "\ud800"}})


def test_items_of_lists_are_numbered() -> None:
    assert fill(parse_call("GET a:/{order.lines.1.sku}"), {"order": {"lines": [{}, {"sku": "x"}]}}) == "/x"


@pytest.mark.parametrize(
    "call", ["", "GET /x", "POST a:/x", "GET a:x", "GET a:/{x", "GET a:/{}", "GET a:/ x", "GET a:/#"]
)
def test_bad_calls(call: str) -> None:
    with pytest.raises(Fault):
        parse_call(call)


def test_order_mistakes_are_found() -> None:
    parts = (
        AggregatePart("a", "GET s:/", after=("b",)),
        AggregatePart("b", "GET s:/", after=("a",)),
        AggregatePart("c", "GET s:/{a.x}", after=("nobody",)),
        AggregatePart("_d", "GET s:/"),
    )
    found = dict(check_parts(parts))
    assert found["a"] == found["b"] == "waits for itself"
    assert found["_d"] == "a part's name cannot begin with _"
    assert {name for name, _ in check_parts(parts)} == {"a", "b", "c", "_d"}
    assert (
        list(
            check_parts((AggregatePart("a", "GET s:/{id}"), AggregatePart("b", "GET s:/{a.x}", after=("a",))))
        )
        == []
    )
