"""Ordering operations by what they wait for."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from msctl.plan.operations import CreateContainer, Operation
from msctl.plan.order import ordered
from tests.unit.plan.projects import desired, shop
from tests.unit.plan.world import World


def operation(name: str, *after: str) -> Operation:
    return Operation(subject=name, reason="because", after=tuple(f"do {other}" for other in after))


def test_each_comes_after_what_it_waits_for() -> None:
    plan = ordered([operation("c", "b"), operation("a"), operation("b", "a")])
    assert [o.subject for o in plan.operations] == ["a", "b", "c"]


def test_of_those_that_can_begin_together_what_boots_longest_comes_first() -> None:
    names = [o.subject for o in World().plan(desired(shop())).operations if isinstance(o, CreateContainer)]
    assert names[:2] == ["shop-broker", "shop-gateway"]


def test_what_is_not_in_the_plan_is_done_already() -> None:
    (only,) = ordered([operation("a", "elsewhere")]).operations
    assert only.after == ()


def test_a_cycle_is_a_bug() -> None:
    with pytest.raises(CycleError):
        ordered([operation("a", "b"), operation("b", "a")])


def test_a_plan_reads_as_what_and_why() -> None:
    assert str(ordered([operation("a"), operation("b", "a")])) == "do a: because\ndo b: because"
