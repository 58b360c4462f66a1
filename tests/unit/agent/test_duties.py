"""Containers × catalog → duties."""

from __future__ import annotations

import pytest

from msctl.agent.duties import Duties, duties
from msctl.model.desired import ContainerSpec
from tests.unit.agent.scene import IDENTITY, Scene, instance, own_master

NOW = 1000.0


@pytest.fixture
def scene() -> Scene:
    return Scene()


def due(scene: Scene) -> Duties:
    return duties("shop", scene.engine.containers("shop"), scene.catalog.entries("shop"), NOW)


def settle(scene: Scene) -> None:
    """Do what is due."""
    todo = due(scene)
    for found in todo.surplus:
        scene.catalog.deregister(found.entry.id)
    for candidate in todo.missing:
        scene.catalog.register(candidate.entry)


def test_what_runs_and_is_not_entered_is_missing(scene: Scene) -> None:
    scene.start(instance())
    (candidate,) = due(scene).missing
    assert (candidate.entry.id, candidate.entry.name) == ("shop-orders-1", "orders")
    assert (candidate.entry.address, candidate.entry.port) == ("10.192.0.16", 8000)
    assert candidate.entry.check is not None
    assert candidate.entry.check.target == "http://10.192.0.16:8000/readyz"


def test_once_done_nothing_is_due(scene: Scene) -> None:
    scene.start(instance())
    settle(scene)
    assert due(scene) == Duties()


@pytest.mark.parametrize("spec", [instance(), own_master()])
def test_what_does_not_run_has_no_entry(scene: Scene, spec: ContainerSpec) -> None:
    scene.start(spec)
    settle(scene)
    scene.catalog.put("shop-orders-1")
    scene.engine.stop_container(IDENTITY, "shop-orders-1", 1.0)
    assert [found.entry.id for found in due(scene).surplus] == ["shop-orders-1"]


def test_another_address_is_entered_anew(scene: Scene) -> None:
    scene.start(instance())
    scene.catalog.put("shop-orders-1")
    todo = due(scene)
    assert [c.entry.address for c in todo.missing] == ["10.192.0.16"]
    assert todo.surplus == ()


def test_one_that_registers_itself_is_left_alone_while_it_runs(scene: Scene) -> None:
    scene.start(own_master())
    assert due(scene) == Duties()
    scene.catalog.put("shop-orders-1")
    assert due(scene) == Duties()


def test_strangers_entries_are_nobodys_business(scene: Scene) -> None:
    scene.catalog.put("redis-7", project="other")
    assert due(scene) == Duties()


def test_a_container_without_upkeep_is_none_of_ours(scene: Scene) -> None:
    scene.start(instance(registration=None, probe=None, liveness=None))
    assert due(scene) == Duties()


def test_draining_is_respected_until_its_time_is_over(scene: Scene) -> None:
    scene.start(instance())
    settle(scene)
    entry = scene.catalog.held["shop-orders-1"].entry
    scene.catalog.held["shop-orders-1"] = type(scene.catalog.held["shop-orders-1"])(
        entry, "registry", drains_until=NOW + 1
    )
    assert due(scene) == Duties()
    scene.catalog.held["shop-orders-1"] = type(scene.catalog.held["shop-orders-1"])(
        entry, "registry", drains_until=NOW
    )
    assert [c.entry for c in due(scene).missing] == [entry]
