"""Stopping, starting and restarting containers as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Identity
from msctl.errors import UsageError
from msctl.model.observed import Observed
from msctl.plan.operating import named, restarting, starting, stopping
from msctl.plan.operations import StopContainer
from tests.unit.plan.projects import desired, shop
from tests.unit.plan.test_reconcile import assert_before, assert_order, ids


@pytest.fixture
def observed() -> Observed:
    """The shop as an engine shows it, labels included."""
    engine, identity = MemoryEngine(), Identity("shop", "here")
    wanted = desired(shop())
    for network in wanted.networks:
        engine.create_network(identity, network, "10.192.0.0/22" if network.addressed else None)
    for spec in wanted.containers:
        engine.create_container(identity, spec, "h", {})
        engine.start_container(identity, spec.name)
    return engine.observe("shop")


ENTERED = ("shop-orders-1", "shop-orders-2", "shop-web-1")


def test_names_mean_services_roles_and_containers(observed: Observed) -> None:
    assert [c.name for c in named(observed, ["orders"])] == ["shop-orders-1", "shop-orders-2"]
    assert [c.name for c in named(observed, ["gateway", "orders-2"])] == ["shop-gateway", "shop-orders-2"]
    assert [c.name for c in named(observed, ["shop-orders-db"])] == ["shop-orders-db"]
    assert {c.role for c in named(observed, [])} == {"service"}
    with pytest.raises(UsageError, match="nothing here is called 'ordres'"):
        named(observed, ["ordres"])


def test_stopping_takes_out_of_rotation_first_and_holds(observed: Observed) -> None:
    plan = stopping(named(observed, ["orders"]), ENTERED, {"shop-orders-1": 7.0})
    assert_order(plan, "deregister shop-orders-1", "stop shop-orders-1")
    first = next(o for o in plan.operations if isinstance(o, StopContainer))
    assert (first.grace, first.stays_down) == (7.0, True)
    assert len(plan.operations) == 4


def test_restarting_is_one_instance_after_the_other(observed: Observed) -> None:
    plan = restarting("shop", named(observed, ["orders"]), ENTERED, {})
    assert_order(
        plan,
        *("deregister shop-orders-1", "stop shop-orders-1", "start shop-orders-1", "await shop-orders-1"),
        *("register shop-orders-1", "deregister shop-orders-2", "stop shop-orders-2"),
    )
    assert not [o for o in plan.operations if isinstance(o, StopContainer) and o.stays_down]


def test_services_are_restarted_side_by_side(observed: Observed) -> None:
    plan = restarting("shop", named(observed, ["orders", "web"]), ENTERED, {})
    web = next(o for o in plan.operations if o.id == "deregister shop-web-1")
    assert web.after == ()


def test_starting_waits_and_enters(observed: Observed) -> None:
    assert starting("shop", named(observed, ["orders"])).operations == ()
    stopped = [c for c in observed.containers if c.name == "shop-orders-1"]
    plan = starting("shop", [replace(c, state="exited") for c in stopped])
    assert_before(plan, "start shop-orders-1", "await shop-orders-1")
    assert ids(plan)[-1] == "register shop-orders-1"
