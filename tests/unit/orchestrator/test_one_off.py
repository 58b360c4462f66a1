"""Commands in a service's container, and in one made for them."""

from __future__ import annotations

import pytest

from msctl.engine.port import Identity
from msctl.errors import NotRunning, UsageError
from msctl.orchestrator.one_off import one_off, prepare, running_instance
from msctl.orchestrator.up import Up
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import desired, shop


def _maker(stage: Stage) -> Up:
    return Up(stage.engine, stage.images, stage.workspace, stage.sink, timeout=0.0)


def test_a_command_goes_to_the_first_that_runs_or_to_the_one_named(stage: Stage, up: UpCase) -> None:
    up(shop())
    observed = stage.engine.observe("shop")
    assert running_instance(observed, "orders", None).name == "shop-orders-1"
    assert running_instance(observed, "orders", "2").name == "shop-orders-2"
    assert running_instance(observed, "registry", None).name == "shop-registry"
    with pytest.raises(UsageError, match="'orders' has no instance '7'"):
        running_instance(observed, "orders", "7")
    stage.engine.crash("shop-orders-1", 1)
    assert running_instance(stage.engine.observe("shop"), "orders", None).name == "shop-orders-2"


def test_nothing_runs_where_nothing_is(stage: Stage) -> None:
    with pytest.raises(NotRunning):
        running_instance(stage.engine.observe("shop"), "orders", None)


def test_a_container_of_its_own_has_all_that_an_instance_has_and_is_none() -> None:
    (usual,) = [c for c in desired(shop()).containers if c.name == "shop-orders-1"]
    made = one_off(usual, shop(), ["ls", "-l"], "pipe", "ab12")
    assert (made.name, made.command, made.role) == ("shop-orders-run-ab12", ("ls", "-l"), "task")
    assert made.environment["MSCTL_INSTANCE"] == made.name
    assert (made.secrets, made.image, made.dns) == (usual.secrets, usual.image, usual.dns)
    assert [a.network for a in made.attachments] == [a.network for a in usual.attachments]
    assert (made.registration, made.probe, made.liveness) == (None, None, None)


def test_it_is_made_beside_the_others_and_stays_out_of_the_way(stage: Stage, up: UpCase) -> None:
    up(shop())
    spec = prepare(_maker(stage), shop(), "orders", ["true"], "pipe", "ab12")
    assert stage.engine.inspect(spec.name).state == "created"
    assert spec.name not in stage.registry.held
    assert up(shop()).changed == ()
    with pytest.raises(UsageError, match="there is no service 'ordres'"):
        prepare(_maker(stage), shop(), "ordres", ["true"], "pipe", "ab12")


def test_what_a_killed_command_left_is_swept(stage: Stage, up: UpCase) -> None:
    up(shop())
    spec = prepare(_maker(stage), shop(), "orders", ["true"], "pipe", "ab12")
    stage.engine.start_container(Identity("shop", stage.workspace.origin), spec.name)
    assert up(shop()).changed == ()
    stage.engine.crash(spec.name, 0)
    assert up(shop()).changed == (f"remove {spec.name}",)


def test_a_project_that_does_not_run_has_no_place_for_it(stage: Stage) -> None:
    with pytest.raises(NotRunning) as refused:
        prepare(_maker(stage), shop(), "orders", ["true"], "pipe", "ab12")
    assert refused.value.hint == "start what it needs with 'msctl up orders'"
