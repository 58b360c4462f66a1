"""The difference between wanted and found entries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.labels import REGISTRY_META
from msctl.registry.entry import Check, Entry, FoundEntry
from msctl.registry.reconcile import reconcile_entries

CHECK = Check("http", "http://10.0.0.1:8000/readyz")


def entry(number: int, project: str = "shop", address: str = "10.0.0.1") -> Entry:
    return Entry(f"{project}-orders-{number}", "orders", address, 8000, {REGISTRY_META: project}, (), CHECK)


def found(wanted: Entry, node: str | None = "registry") -> FoundEntry:
    return FoundEntry(wanted, node)


def test_nothing_to_do_when_equal() -> None:
    assert not reconcile_entries([entry(1)], [found(entry(1))], project="shop")


def test_missing_is_registered_and_surplus_removed() -> None:
    changes = reconcile_entries([entry(1)], [found(entry(2))], project="shop")
    assert changes.to_register == (entry(1),)
    assert [gone.entry.id for gone in changes.to_deregister] == ["shop-orders-2"]


@pytest.mark.parametrize(
    "changed",
    [
        replace(entry(1), address="10.0.0.9"),
        replace(entry(1), port=9000),
        replace(entry(1), tags=("blue",)),
        replace(entry(1), check=None),
        replace(entry(1), check=replace(CHECK, interval=7)),
        replace(entry(1), meta={REGISTRY_META: "shop", "msctl-role": "service"}),
    ],
)
def test_any_difference_registers_again_without_removing(changed: Entry) -> None:
    changes = reconcile_entries([entry(1)], [found(changed)], project="shop")
    assert changes.to_register == (entry(1),)
    assert changes.to_deregister == ()


def test_order_of_tags_is_no_difference() -> None:
    wanted = replace(entry(1), tags=("a", "b"))
    assert not reconcile_entries([wanted], [found(replace(wanted, tags=("b", "a")))], project="shop")


def test_an_entry_that_consumers_cannot_see_is_registered_again() -> None:
    assert reconcile_entries([entry(1)], [found(entry(1), None)], project="shop").to_register == (entry(1),)


def test_a_duplicate_on_another_node_is_removed() -> None:
    twice = [found(entry(1)), found(entry(1), "ghost")]
    changes = reconcile_entries([entry(1)], twice, project="shop")
    assert changes.to_register == ()
    assert [gone.node for gone in changes.to_deregister] == ["ghost"]


def test_self_registered_instances_are_left_alone_while_they_run() -> None:
    running, gone = found(replace(entry(1), port=1)), found(entry(2))
    changes = reconcile_entries([], [running, gone], project="shop", self_registered={"shop-orders-1"})
    assert changes.to_deregister == (gone,)


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["shop", "other", None]))))
def test_foreign_entries_are_never_touched(population: list[tuple[int, str | None]]) -> None:
    everything = [
        found(replace(entry(number, owner or "free"), meta={REGISTRY_META: owner} if owner else {}))
        for number, owner in population
    ]
    changes = reconcile_entries([], everything, project="shop")
    assert all(gone.entry.project == "shop" for gone in changes.to_deregister)
    assert len(changes.to_deregister) == sum(owner == "shop" for _, owner in population)
