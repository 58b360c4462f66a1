"""Every instance has an address of its own and keeps it."""

from __future__ import annotations

from msctl.model.desired import ContainerSpec
from msctl.model.observed import Observed
from msctl.plan.addresses import FIRST_INSTANCE, ROLE_HOSTS
from msctl.plan.allocate import allocate
from tests.unit.plan.projects import desired, project, service, shop, without_service
from tests.unit.plan.world import World


def test_from_nothing_instances_are_numbered_in_order() -> None:
    placed = hosts(allocate(desired(shop()), Observed("shop")))
    instances = [name for name in placed if name[-1].isdigit()]
    assert [placed[name] for name in instances] == list(range(FIRST_INSTANCE, FIRST_INSTANCE + 5))
    assert placed["shop-registry"] == ROLE_HOSTS["registry"]


def test_who_has_an_address_keeps_it() -> None:
    world = World().bring(desired(shop()))
    before = hosts(allocate(desired(shop()), world.observed()))
    after = hosts(allocate(desired(without_service(shop(), "orders")), world.observed()))
    assert after == {name: before[name] for name in after}


def test_a_newcomer_gets_what_nobody_has() -> None:
    world = World().bring(desired(project(service("web", replicas=3))))
    wanted = desired(project(service("api"), service("web", replicas=3)))
    placed = hosts(allocate(wanted, world.observed()))
    instances = [host for name, host in placed.items() if name[-1].isdigit()]
    assert len(set(instances)) == 4


def test_databases_are_given_none() -> None:
    placed = hosts(allocate(desired(shop()), Observed("shop")))
    assert placed["shop-orders-db"] is None


def hosts(placed: tuple[ContainerSpec, ...]) -> dict[str, int | None]:
    return {spec.name: spec.attachments[0].host_index for spec in placed}
