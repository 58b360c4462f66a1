"""Taking a project down: stopped, out of the registry, gone; data only if asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msctl.model.observed import ObservedVolume
from msctl.plan.operations import EndContainer, Plan
from msctl.plan.teardown import teardown
from tests.unit.plan.projects import desired, shop
from tests.unit.plan.test_reconcile import assert_before, ids
from tests.unit.plan.world import World


@pytest.fixture
def running() -> World:
    return World().bring(desired(shop()))


def test_everything_goes_but_data(running: World) -> None:
    running.volumes["shop-orders-1-secrets"] = ObservedVolume("shop-orders-1-secrets")
    data = set(running.volumes) - {"shop-orders-1-secrets"}
    running.apply(down(running).operations)
    assert (running.containers, running.networks, running.entries) == ({}, {}, {})
    assert set(running.volumes) == data


def test_data_goes_if_asked(running: World) -> None:
    running.apply(down(running, volumes=True).operations)
    assert running.volumes == {}


def test_nobody_is_there_to_enter_again_what_was_taken_out(running: World) -> None:
    plan = down(running)
    farewell = next(o for o in plan.operations if o.id == "deregister shop")
    assert farewell.after == ("stop shop-agent",)  # not after the services: who is stopping is called no more


def test_what_does_not_run_is_not_stopped(running: World) -> None:
    running.containers["shop-orders-1"] = replace(running.containers["shop-orders-1"], state="exited")
    assert "stop shop-orders-1" not in ids(down(running))
    assert running.apply(down(running).operations).containers == {}


def test_what_holds_volumes_of_others_goes_first(running: World) -> None:
    left = running.leave_carrier()
    plan = down(running)
    for name in running.containers.keys() - {left}:
        assert_before(plan, f"remove {left}", f"remove {name}")


def test_clients_are_turned_away_before_services_stop_and_databases_after_them(running: World) -> None:
    plan = down(running)
    assert_before(plan, "stop shop-gateway", "stop shop-orders-1")
    for name in ("shop-orders-1", "shop-orders-2"):
        assert_before(plan, f"stop {name}", "stop shop-orders-db")
        assert_before(plan, f"stop {name}", "stop shop-broker")
    assert_before(plan, "remove shop-orders-db", "remove network shop-orders-db")
    database = next(o for o in plan.operations if o.id == "stop shop-orders-db")
    assert set(database.after) == {"stop shop-orders-1", "stop shop-orders-2"}  # nobody else uses it


def test_the_registry_hears_of_everybody_before_it_goes(running: World) -> None:
    assert_before(down(running), "deregister shop", "stop shop-registry")


def test_a_gateway_through_which_the_registry_is_reached_waits_for_that(running: World) -> None:
    farewell, door = "deregister shop", "stop shop-gateway"
    remote = teardown(running.observed(), {}, volumes=False, relayed=True)
    assert_before(remote, farewell, door)
    at_once = next(o for o in down(running).operations if o.id == door)
    assert at_once.after == ()


def test_what_takes_longest_to_end_waits_for_no_removal(running: World) -> None:
    plan = down(running)
    waits = {o.id: set(o.after) for o in plan.operations}
    begun = {"stop shop-broker"}
    while before := set().union(*(waits[name] for name in begun)) - begun:
        begun |= before
    assert not [name for name in begun if name.startswith(("remove", "deregister"))]
    services = {"stop shop-orders-1", "stop shop-inventory-1"}
    assert next(o for o in plan.operations if services <= set(o.after)).id == "stop shop-broker"
    removals = [o for o in plan.operations if o.id.startswith("remove shop-")]
    assert all({"stop shop-orders-1", "stop shop-orders-2"} <= set(o.after) for o in removals)


def test_volumes_go_after_the_containers_that_use_them(running: World) -> None:
    plan = down(running, volumes=True)
    assert_before(plan, "remove shop-orders-db", "remove volume shop-orders-data")


def test_declared_graces_are_given(running: World) -> None:
    graces = {"shop-orders-1": 3.0}
    plan = teardown(running.observed(), graces, volumes=False)
    given = {o.subject: o.grace for o in plan.operations if isinstance(o, EndContainer)}
    assert given["shop-orders-1"] == 3.0
    assert given["shop-orders-2"] == 10.0


def test_databases_and_broker_get_the_time_they_need_to_close_their_files(running: World) -> None:
    declared = {spec.name: spec.stop_grace for spec in desired(shop()).containers}
    given = {o.subject: o.grace for o in down(running).operations if isinstance(o, EndContainer)}
    for name in ("shop-orders-db", "shop-inventory-db", "shop-broker"):
        assert given[name] >= declared[name]


def test_without_a_registry_everything_goes_all_the_same(running: World) -> None:
    running.lose("shop-registry")
    plan = down(running)
    assert not [i for i in ids(plan) if i.startswith("deregister")]
    assert running.apply(plan.operations).containers == {}


def test_a_half_made_project_goes_too() -> None:
    operations = World().plan(desired(shop())).operations
    for length in range(len(operations)):
        world = World().apply(operations[:length])
        world.apply(down(world, volumes=True).operations)
        assert (world.containers, world.networks, world.volumes) == ({}, {}, {})


def test_nothing_there_is_nothing_to_do() -> None:
    assert down(World()).operations == ()


def down(world: World, *, volumes: bool = False) -> Plan:
    return teardown(world.observed(), {}, volumes=volumes)
