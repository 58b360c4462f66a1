"""Desired × situation → plan: what is done, to what, and in which order."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from msctl.model.observed import ContainerState
from msctl.model.project import Subscription
from msctl.model.secret import Secret
from msctl.plan.expand import expand
from msctl.plan.operations import AwaitReady, CreateContainer, FillSecrets, Plan, UpdateFiles
from msctl.plan.reconcile import reconcile
from msctl.plan.situation import Endpoint
from tests.unit.plan.projects import (
    desired,
    inputs,
    project,
    service,
    shop,
    with_service,
    without_service,
)
from tests.unit.plan.world import World


@pytest.fixture
def running() -> World:
    """The shop as it runs after ``up``."""
    return World().bring(desired(shop()))


def test_from_nothing_everything_is_made_in_order() -> None:
    plan = World().plan(desired(shop()))
    assert_before(plan, "create network shop", "create shop-registry")
    assert_before(plan, "create network shop-orders-db", "create shop-orders-db")
    assert_before(plan, "create volume shop-orders-data", "create shop-orders-db")
    assert_before(plan, "build shop/orders:one", "create shop-orders-1")
    assert_before(plan, "await shop-orders-db", "create shop-orders-1")
    assert_before(plan, "await shop-orders-1", "register shop-orders-1")
    assert_before(plan, "await shop-registry", "register shop-orders-1")
    assert_before(plan, "await shop-inventory-1", "await registration of shop-inventory-1")
    assert "register shop-inventory-1" not in ids(plan)


def test_what_waits_for_its_database_itself_starts_beside_it() -> None:
    images = inputs(shop())
    waiting = {name: replace(fact, waits=True) for name, fact in images.services.items()}
    plan = World().plan(expand(shop(), replace(images, services=waiting)))
    waits = {operation.id: set(operation.after) for operation in plan.operations}
    assert "await shop-orders-db" not in waits["create shop-orders-1"]
    assert "await shop-orders-db" in waits["await shop-orders-1"]


def test_what_runs_elsewhere_is_looked_for_once_the_agent_knows_of_it() -> None:
    wanted = desired(project(service("web"), service("mail", build=None, external="http://mail.example")))
    world = World()
    assert_before(world.plan(wanted), "register shop-agent", "look for shop-mail-external")
    world.bring(wanted)
    assert world.plan(wanted).operations == ()
    plan = world.plan(desired(project(service("web"))))
    assert ids(plan) == ["deregister shop-mail-external"]


def test_the_broker_is_started_without_waiting_for_anything_but_its_ground() -> None:
    plan = World().plan(desired(shop()))
    waits = next(o.after for o in plan.operations if o.id == "create shop-broker")
    assert set(waits) == {"create network shop", "create volume shop-broker-data", "fill secrets of shop"}


def test_secrets_of_many_are_filled_at_once_before_anything_that_would_wait() -> None:
    plan = World().plan(desired(shop()))
    (filling,) = [o for o in plan.operations if isinstance(o, FillSecrets)]
    assert filling.after == ()
    waiting = {o.subject for o in plan.operations if filling.id in o.after}
    assert waiting == {o.subject for o in plan.operations if isinstance(o, CreateContainer)}
    built = {b.reference for b in desired(shop()).builds}
    assert not built & {spec.image for spec in filling.specs}, "there is no such image yet"


def test_a_single_container_gets_its_secrets_by_itself(running: World) -> None:
    running.lose("shop-broker")
    assert not [o for o in running.plan(desired(shop())).operations if isinstance(o, FillSecrets)]


def test_what_was_left_in_the_way_goes_before_anything_else(running: World) -> None:
    left = running.leave_carrier()
    running.lose("shop-broker")
    running.lose("shop-gateway")
    plan = running.plan(desired(shop()), only=frozenset({"orders"}))
    assert all(f"remove {left}" in o.after for o in plan.operations if o.subject != left)
    assert f"remove {left}" in ids(plan)
    running.apply(plan.operations)


def test_nobody_waits_for_prometheus() -> None:
    ids = {operation.id: operation for operation in World().plan(desired(shop())).operations}
    assert "create shop-metrics" in ids
    assert not {"await shop-metrics", "register shop-metrics"} & set(ids)
    assert not [
        o
        for o in ids.values()
        if any("shop-metrics" in before for before in o.after if "volume" not in before)
    ]


def test_every_operation_says_why(running: World) -> None:
    for plan in (World().plan(desired(shop())), running.plan(desired(without_service(shop(), "web")))):
        assert all(operation.reason for operation in plan.operations)
        assert str(plan).count("\n") == len(plan.operations) - 1


def test_nothing_is_done_when_nothing_differs(running: World) -> None:
    assert running.plan(desired(shop())).operations == ()


@pytest.mark.parametrize(
    "changes",
    [{"environment": {"LOG_LEVEL": "debug"}}, {"port": 9000}, {"stop_grace": 3.0}],
    ids=["environment", "port", "stop_grace"],
)
def test_a_changed_service_is_recreated_alone(running: World, changes: dict[str, object]) -> None:
    plan = running.plan(desired(with_service(shop(), "orders", **changes)))
    assert recreated(plan) == {"shop-orders-1", "shop-orders-2"}
    assert touched(plan) == {"shop-orders-1", "shop-orders-2", "shop-orders-3"}


def test_new_sources_build_and_recreate_that_service_alone(running: World) -> None:
    plan = running.plan(desired(shop(), versions={"web": "two"}))
    assert touched(plan) == {"shop/web:two", "shop-web-1", "shop-web-2"}
    assert_before(plan, "build shop/web:two", "deregister shop-web-1")


def test_an_old_instance_stays_in_place_while_the_new_image_is_built(running: World) -> None:
    plan = running.plan(desired(shop(), versions={"web": "two"}))
    assert_order(
        plan, "build shop/web:two", "deregister shop-web-1", "remove shop-web-1", "create shop-web-1"
    )


def test_replicas_are_replaced_one_after_the_other(running: World) -> None:
    plan = running.plan(desired(shop(), versions={"orders": "two"}))
    assert_order(
        plan,
        "deregister shop-orders-1",
        "remove shop-orders-1",
        "create shop-orders-1",
        "await shop-orders-1",
        "register shop-orders-1",
        "deregister shop-orders-2",
        "remove shop-orders-2",
        "create shop-orders-2",
    )


def test_a_new_version_shows_itself_before_an_old_instance_goes(running: World) -> None:
    plan = running.plan(desired(shop(), versions={"web": "two"}))
    assert_order(
        plan,
        *("build shop/web:two", "create shop-web-2", "await shop-web-2", "register shop-web-2"),
        *("judge shop-web-2", "deregister shop-web-1", "remove shop-web-1", "create shop-web-1"),
        *("register shop-web-1", "deregister shop-web-2", "remove shop-web-2"),
    )
    assert [(r.service, r.first, r.surge) for r in plan.rollings] == [("web", "shop-web-2", True)]
    surge = next(o.spec for o in plan.operations if isinstance(o, CreateContainer) and o.spec.instance == 2)
    assert surge.environment["MSCTL_INSTANCE"] == surge.hostname == "shop-web-2"
    assert set(running.apply(plan.operations).containers) == set(World().bring(desired(shop())).containers)


def test_a_missing_instance_shows_a_new_version_and_nobody_comes_on_top(running: World) -> None:
    running.lose("shop-orders-2")
    plan = running.plan(desired(shop(), versions={"orders": "two"}))
    assert_order(plan, "register shop-orders-2", "judge shop-orders-2", "deregister shop-orders-1")
    assert [(r.first, r.surge) for r in plan.rollings] == [("shop-orders-2", False)]


def test_a_service_that_does_not_serve_is_replaced_at_once(running: World) -> None:
    running.ready -= {"shop-web-1"}
    plan = running.plan(desired(shop(), versions={"web": "two"}))
    assert plan.rollings == ()
    assert touched(plan) == {"shop/web:two", "shop-web-1"}


def test_an_update_that_was_cut_short_goes_on_and_leaves_nobody_over(running: World) -> None:
    wanted = desired(shop(), versions={"web": "two"})
    for operation in running.plan(wanted).operations:
        running.apply([operation])
        if operation.id == "remove shop-web-1":
            break
    plan = running.plan(wanted)
    assert_order(plan, "register shop-web-1", "deregister shop-web-2", "remove shop-web-2")
    assert "shop-web-2" not in running.apply(plan.operations).containers


def test_some_services_are_brought_up_and_the_others_left_as_they_are(running: World) -> None:
    running.lose("shop-orders-2")
    wanted = desired(shop(), versions={"web": "two", "inventory": "two"})
    plan = reconcile(wanted, running.situation(), origin=running.origin, only=frozenset({"web"}))
    assert touched(plan) == {"shop/web:two", "shop-web-1", "shop-web-2"}


def test_what_is_asked_for_anew_is_made_anew(running: World) -> None:
    plan = reconcile(desired(shop()), running.situation(), origin=running.origin, anew=frozenset({"orders"}))
    assert recreated(plan) == {"shop-orders-1", "shop-orders-2"}
    assert not [o for o in plan.changes if o.subject == "shop-orders-db"]


def test_replicas_that_register_themselves_are_replaced_one_after_the_other() -> None:
    declared = project(service("inventory", replicas=2, registration="self"))
    plan = World().bring(desired(declared)).plan(desired(declared, versions={"inventory": "two"}))
    assert_before(plan, "await registration of shop-inventory-1", "deregister shop-inventory-2")
    assert_before(plan, "await registration of shop-inventory-1", "remove shop-inventory-2")


def test_scaling_keeps_the_lowest_numbers(running: World) -> None:
    more = running.plan(desired(with_service(shop(), "orders", replicas=3)))
    assert {o.id for o in more.changes} == {"create shop-orders-3", "register shop-orders-3"}
    running.apply(more.operations)
    fewer = running.plan(desired(with_service(shop(), "orders", replicas=1)))
    gone = ("shop-orders-2", "shop-orders-3")
    assert {o.id for o in fewer.operations} == {
        f"{verb} {n}" for verb in ("deregister", "remove") for n in gone
    }


def test_a_removed_service_goes_with_its_network_and_keeps_its_data(running: World) -> None:
    plan = running.plan(desired(without_service(shop(), "orders")))
    assert_order(plan, "deregister shop-orders-1", "remove shop-orders-1", "remove network shop-orders-db")
    assert_before(plan, "remove shop-orders-db", "remove network shop-orders-db")
    assert not [i for i in ids(plan) if i.startswith("remove volume")]


def test_a_database_taken_from_a_service_leaves_its_network_last(running: World) -> None:
    plan = running.plan(desired(with_service(shop(), "orders", database=None)))
    assert_before(plan, "remove shop-orders-2", "remove network shop-orders-db")
    running.apply(plan.operations)
    assert "shop-orders-data" in running.volumes


def test_a_container_removed_behind_our_back_is_made_again_alone(running: World) -> None:
    running.lose("shop-orders-2")
    plan = running.plan(desired(shop()))
    assert {o.id for o in plan.changes} == {"create shop-orders-2", "register shop-orders-2"}


def test_an_entry_behind_which_nothing_runs_is_deregistered(running: World) -> None:
    running.entries["shop-ghost-1"] = Endpoint("ghost", "10.192.0.99", 8000)
    assert ids(running.plan(desired(shop()))) == ["deregister shop-ghost-1"]


def test_an_entry_with_another_address_is_entered_again(running: World) -> None:
    running.entries["shop-web-1"] = Endpoint("web", "10.192.0.99", 8000)
    assert ids(running.plan(desired(shop()))) == ["register shop-web-1"]


def test_a_lost_entry_is_entered_again(running: World) -> None:
    del running.entries["shop-web-1"]
    assert ids(running.plan(desired(shop()))) == ["register shop-web-1"]


@pytest.mark.parametrize("state", ["created", "paused", "dead"])
def test_an_interrupted_container_is_made_anew(running: World, state: ContainerState) -> None:
    running.put("shop-web-1", state)
    assert recreated(running.plan(desired(shop()))) == {"shop-web-1"}


def test_a_stopped_container_is_started_after_what_it_needs(running: World) -> None:
    running.put("shop-orders-1", "exited")
    running.put("shop-orders-db", "exited")
    plan = running.plan(desired(shop()))
    assert recreated(plan) == set()
    assert_order(plan, "start shop-orders-db", "await shop-orders-db", "start shop-orders-1")
    assert_order(plan, "deregister shop-orders-1", "start shop-orders-1")
    assert_order(plan, "start shop-orders-1", "await shop-orders-1", "register shop-orders-1")


def test_everything_stopped_is_started_and_nothing_recreated(running: World) -> None:
    for name in running.containers:
        running.put(name, "exited")
    plan = running.plan(desired(shop()))
    assert recreated(plan) == set()
    assert {o.subject for o in plan.changes if o.verb == "start"} == set(running.containers)
    assert running.apply(plan.operations).plan(desired(shop())).operations == ()


def test_a_running_container_that_is_not_well_is_waited_for(running: World) -> None:
    running.ready.discard("shop-web-1")
    plan = running.plan(desired(shop()))
    assert ids(plan) == ["await shop-web-1", "register shop-web-1"]


def test_a_database_that_was_never_set_up_is_set_up_by_the_next_up() -> None:
    world = World()
    for operation in world.plan(desired(shop())).operations:
        world.apply([operation])
        if operation.id == "create shop-orders-db":
            break
    world.bring(desired(shop()))
    assert "shop-orders-db" in world.provisioned


def test_changed_routes_reach_the_running_gateway(running: World) -> None:
    wanted = desired(shop(), gateway="routes: 2")
    plan = running.plan(wanted)
    update = next(o for o in plan.operations if isinstance(o, UpdateFiles))
    assert [o.id for o in plan.changes] == [update.id] == ["update files of shop-gateway"]
    assert [file.name for file in update.files] == ["gateway.yaml"]
    assert running.apply(plan.operations).plan(wanted).changes == ()


def test_stopped_containers_whose_networks_were_pruned_are_made_anew(running: World) -> None:
    for name in list(running.containers):
        running.put(name, "exited")
    running.networks.clear()
    running.bring(desired(shop()))
    assert running.plan(desired(shop())).operations == ()


def test_a_namesake_of_a_pruned_network_is_not_the_old_one(running: World) -> None:
    running.put("shop-orders-2", "exited")
    running.networks["shop"] = replace(running.networks["shop"], id="another")
    plan = running.plan(desired(shop()))
    assert "remove shop-orders-2" in {o.id for o in plan.changes}


def test_a_container_taken_out_of_its_network_is_made_anew(running: World) -> None:
    found = running.containers["shop-web-1"]
    running.containers["shop-web-1"] = replace(found, network_ids={}, addresses={})
    assert recreated(running.plan(desired(shop()))) == {"shop-web-1"}


def test_a_database_is_provisioned_while_one_that_needs_it_is_not_settled(running: World) -> None:
    running.provisioned.discard("shop-orders-db")
    running.lose("shop-orders-1")
    running.bring(desired(shop()))
    assert "shop-orders-db" in running.provisioned


def test_a_stopped_gateway_whose_routes_changed_comes_back_with_them(running: World) -> None:
    running.put("shop-gateway", "exited")
    wanted = desired(shop(), gateway="routes: 2")
    assert running.bring(wanted).is_running("shop-gateway")
    assert running.plan(wanted).operations == ()


def test_a_broker_that_is_still_booting_is_made_anew_with_its_new_definitions(running: World) -> None:
    running.ready.discard("shop-broker")
    running.digests["shop-broker"] = {"definitions.json": "of an earlier up"}
    plan = running.plan(desired(shop()))
    assert recreated(plan) == {"shop-broker"}
    assert running.apply(plan.operations).plan(desired(shop())).operations == ()


def test_the_broker_goes_when_nobody_publishes(running: World) -> None:
    quiet = with_service(with_service(shop(), "orders", publishes=()), "notifications", subscribes=())
    plan = running.plan(desired(quiet))
    assert_before(plan, "deregister shop-broker", "remove shop-broker")
    assert "shop-broker-data" in running.apply(plan.operations).volumes


def test_a_new_subscription_keeps_the_broker(running: World) -> None:
    plan = running.plan(desired(with_service(shop(), "web", subscribes=(Subscription("order.*"),))))
    assert recreated(plan) == {"shop-web-1"}


def test_another_checkouts_project_is_made_anew_when_adopted(running: World) -> None:
    volumes = set(running.volumes)
    running.origin = "laptop:/elsewhere"
    plan = running.plan(desired(shop()))
    assert recreated(plan) == set(running.containers)
    assert all("laptop:/shop" in o.reason for o in plan.operations if o.verb in {"remove", "create"})
    running.apply(plan.operations)
    assert set(running.volumes) == volumes
    assert running.plan(desired(shop())).operations == ()


def test_the_registry_is_replaced_after_it_was_told_who_leaves(running: World) -> None:
    wanted = desired(without_service(shop(), "web"))
    newer = tuple(
        replace(spec, image_identity="newer") if spec.role == "registry" else spec
        for spec in wanted.containers
    )
    plan = running.plan(replace(wanted, containers=newer))
    assert_before(plan, "deregister shop-web-1", "remove shop-registry")


def test_without_a_registry_nothing_is_deregistered(running: World) -> None:
    running.put("shop-registry", "exited")
    plan = running.plan(desired(shop(), versions={"web": "two"}))
    assert not [i for i in ids(plan) if i.startswith("deregister")]
    assert_before(plan, "await shop-registry", "register shop-web-1")


def test_only_new_databases_and_interrupted_ones_are_provisioned(running: World) -> None:
    running.put("shop-web-1", "exited")
    awaited = [o for o in running.plan(desired(shop())).operations if isinstance(o, AwaitReady)]
    assert [o.subject for o in awaited] == ["shop-web-1"]


def ids(plan: Plan) -> list[str]:
    return [operation.id for operation in plan.operations]


def touched(plan: Plan) -> set[str]:
    return {operation.subject for operation in plan.changes}


def recreated(plan: Plan) -> set[str]:
    found = set(ids(plan)) - {f"create {r.first}" for r in plan.rollings if r.surge}
    return {o.subject for o in plan.operations if {f"remove {o.subject}", f"create {o.subject}"} <= found}


def assert_order(plan: Plan, *wanted: str) -> None:
    for first, second in pairwise(wanted):
        assert_before(plan, first, second)


def assert_before(plan: Plan, first: str, second: str) -> None:
    """The plan makes ``second`` wait for ``first``, directly or through others."""
    after = {operation.id: operation.after for operation in plan.operations}
    assert {first, second} <= set(after), f"not in the plan:\n{plan}"
    seen: set[str] = set()
    waiting = [second]
    while waiting:
        for name in after[waiting.pop()]:
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    assert first in seen, f"'{second}' does not wait for '{first}'"


def test_a_new_password_is_known_to_the_database_before_an_instance_has_it(running: World) -> None:
    wanted = inputs(shop())
    database = {**wanted.credentials.database, "orders": Secret("another")}
    former = {"orders": wanted.credentials.database["orders"]}
    changed = replace(wanted.credentials, database=database, former=former, second=frozenset({"orders"}))
    plan = running.plan(expand(shop(), replace(wanted, credentials=changed)))
    told = "update files of shop-orders-db"
    assert [o.id for o in plan.changes if o.subject.endswith("-db")] == [told]
    creations = [o for o in plan.operations if o.verb == "create"]
    assert creations
    assert all(told in creation.after for creation in creations)


def test_an_instance_that_the_agent_may_enter_any_moment_leaves_the_rotation_before_it_goes(
    running: World,
) -> None:
    """A killed update left it: it ran, and was not entered when everything was looked at."""
    running.bring(desired(with_service(shop(), "orders", replicas=3)))
    running.entries.pop("shop-orders-3")
    plan = running.plan(desired(shop()))
    assert_before(plan, "deregister shop-orders-3", "remove shop-orders-3")
    assert running.apply(plan.operations).plan(desired(shop())).operations == ()
