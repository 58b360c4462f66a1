"""What forbids a plan before anything is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from msctl import labels
from msctl.model.observed import Observed, ObservedVolume
from msctl.plan.conflicts import conflicts, other_origin, unfit_volumes
from tests.unit.plan.projects import ORIGIN, desired, shop
from tests.unit.plan.world import World


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("container", "shop-orders-1"),
        ("container", "shop-gateway"),
        ("network", "shop"),
        ("network", "shop-orders-db"),
        ("volume", "shop-orders-data"),
        ("volume", "shop-orders-1-secrets"),
    ],
)
def test_a_strangers_object_with_our_name_is_told(kind: str, name: str) -> None:
    strangers: dict[str, Any] = {f"foreign_{kind}s": {name: "0123456789abcdef"}}
    found = Observed("shop", **strangers)
    (conflict,) = conflicts(desired(shop()), found)
    assert kind in conflict.message
    assert f"'{name}'" in conflict.message
    assert name in (conflict.hint or "")


def test_a_clash_with_another_project_does_not_advise_to_delete_it() -> None:
    theirs = {"shop-orders-1": "0123456789abcdef"}
    found = Observed("shop", foreign_containers=theirs, neighbours={"shop-orders-1": "shop-orders"})
    (conflict,) = conflicts(desired(shop()), found)
    assert "belongs to the project 'shop-orders'" in conflict.message
    assert "docker" not in (conflict.hint or "")


def test_every_clash_is_told_and_other_names_do_not_matter() -> None:
    found = Observed(
        "shop",
        foreign_containers={"shop-orders-1": "a", "mine": "b"},
        foreign_networks={"bridge": "c", "shop": "d"},
    )
    assert len(conflicts(desired(shop()), found)) == 2
    assert conflicts(desired(shop()), Observed("shop", foreign_volumes={"other": "other"})) == ()


def test_our_own_origin_is_no_conflict() -> None:
    found = World().bring(desired(shop())).observed()
    assert other_origin(found, ORIGIN) is None
    assert other_origin(Observed("shop"), ORIGIN) is None


def test_another_checkouts_project_is_named() -> None:
    found = World().bring(desired(shop())).observed()
    conflict = other_origin(found, "laptop:/elsewhere")
    assert conflict is not None
    assert ORIGIN in conflict.message
    assert "--adopt" in (conflict.hint or "")


def test_one_container_of_another_checkout_is_enough() -> None:
    found = World().bring(desired(shop())).observed()
    mixed = (replace(found.containers[0], origin="laptop:/elsewhere"), *found.containers[1:])
    assert other_origin(replace(found, containers=mixed), ORIGIN) is not None


@pytest.mark.parametrize(
    ("kind", "fits"), [("recipe 1", True), ("official 17", False), ("recipe 2", False), (None, True)]
)
def test_data_is_used_only_by_the_kind_of_image_that_made_it(kind: str | None, fits: bool) -> None:
    marks = {} if kind is None else {labels.IMAGE_KIND: kind}
    found = Observed("shop", volumes=(ObservedVolume("shop-orders-data", marks),))
    problems = unfit_volumes(desired(shop()), found)
    assert (problems == ()) is fits
    if not fits:
        assert "shop-orders-data" in problems[0].message
        assert kind is not None
        assert kind in problems[0].message
