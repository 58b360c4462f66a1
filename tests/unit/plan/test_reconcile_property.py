"""Whatever was found, one plan leads to what is wanted, in an order that exists, and data stays."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msctl.model.observed import ContainerState
from msctl.model.project import DatabaseEngine, Project, Service, Subscription
from msctl.plan.operations import Operation, Plan, RemoveVolume
from msctl.plan.situation import Endpoint
from tests.unit.plan.projects import desired, project, service
from tests.unit.plan.world import World

NAMES = ("accounts", "billing", "orders", "web")
STATES: tuple[ContainerState, ...] = ("created", "running", "paused", "exited", "dead")
DATABASES: tuple[DatabaseEngine | None, ...] = (None, "postgres", "mariadb", "redis")


@st.composite
def services(draw: st.DrawFn, name: str) -> Service:
    return service(
        name,
        draw(st.sampled_from(DATABASES)),
        replicas=draw(st.integers(1, 3)),
        registration=draw(st.sampled_from(["platform", "self"])),
        publishes=draw(st.sampled_from([(), (f"{name}.done",)])),
        subscribes=draw(st.sampled_from([(), (Subscription("*.done"),)])),
        environment=draw(st.sampled_from([{}, {"LOG_LEVEL": "debug"}])),
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    names = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    return project(*(draw(services(name)) for name in sorted(names)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A project that was brought up, perhaps not wholly, and to which things happened since."""
    world = World()
    operations = world.plan(desired(draw(projects()))).operations
    world.apply(operations[: draw(st.integers(0, len(operations)))])
    for name in sorted(world.containers):
        if draw(st.integers(0, 4)) == 0:
            world.put(name, draw(st.sampled_from(STATES)))
        elif draw(st.integers(0, 7)) == 0:
            world.lose(name)
    if draw(st.booleans()):
        world.entries["shop-ghost-1"] = Endpoint("ghost", "10.192.0.99", 8000)
    world.ready -= {name for name in sorted(world.ready) if draw(st.integers(0, 7)) == 0}
    world.origin = draw(st.sampled_from([world.origin, "laptop:/elsewhere"]))
    return world


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), projects(), st.booleans(), st.randoms(use_true_random=False))
def test_one_up_is_enough_and_the_next_has_nothing_to_do(
    world: World, wanted: Project, new_release: bool, chance: Random
) -> None:
    target = desired(wanted, gateway="routes: 2")
    if new_release:
        newer = (replace(spec, image_identity="newer") for spec in target.containers)
        target = replace(target, containers=tuple(newer))
    plan = world.plan(target)
    assert not [o for o in plan.operations if isinstance(o, RemoveVolume)]
    world.apply(_in_some_order(plan, chance))
    assert set(world.containers) == {spec.name for spec in target.containers}
    assert {spec.name for spec in target.containers if spec.provision} <= world.provisioned
    late = world.plan(target)  # what only a running registry could tell
    assert {o.verb for o in late.operations} <= {"deregister"}
    world.apply(late.operations)
    assert world.plan(target).operations == ()


def _in_some_order(plan: Plan, chance: Random) -> list[Operation]:
    """Any of the orders in which the executor may come to perform ``plan``."""
    waiting = list(plan.operations)
    done: dict[str, Operation] = {}
    while waiting:
        ready = [operation for operation in waiting if set(operation.after) <= set(done)]
        chosen = chance.choice(ready)
        waiting.remove(chosen)
        done[chosen.id] = chosen
    return list(done.values())
