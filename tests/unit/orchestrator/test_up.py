"""``up`` as a whole, on an engine in memory."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from msctl import labels
from msctl.engine.port import Identity
from msctl.errors import NameConflict, ProjectConflict, StartFailed
from msctl.events import Notice
from msctl.model.desired import ContainerSpec, VolumeSpec
from msctl.model.project import Gateway
from msctl.orchestrator.credentials import FILE
from msctl.orchestrator.workspace import Workspace
from tests.unit.orchestrator.conftest import DownCase, UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service, shop, with_service, without_service


def test_everything_runs_is_registered_and_the_second_time_nothing_is_written(
    stage: Stage, up: UpCase
) -> None:
    up(shop())
    states = {c.name: c.state for c in stage.engine.observe("shop").containers}
    assert len(states) == 14
    assert set(states.values()) == {"running"}
    services = [name for name in states if name[-1].isdigit()]
    platform = {"shop-broker", "shop-gateway", "shop-observer", "shop-agent"}
    assert {*services, *platform} == set(stage.registry.held)
    writes, changes, ids = list(stage.engine.script.calls), list(stage.registry.changes), stage.ids()
    assert up(shop()).changed == ()
    assert (stage.engine.script.calls, stage.registry.changes, stage.ids()) == (writes, changes, ids)


def test_a_changed_service_alone_is_made_anew(stage: Stage, up: UpCase) -> None:
    up(shop())
    before = stage.ids()
    up(with_service(shop(), "orders", environment={"LOG_LEVEL": "debug"}))
    assert _changed(before, stage.ids()) == {"shop-orders-1", "shop-orders-2"}


def test_new_sources_are_built_and_replace_their_service_alone(stage: Stage, up: UpCase) -> None:
    up(shop())
    before = stage.ids()
    stage.images.content["web"] = "two"
    up(shop())
    assert _changed(before, stage.ids()) == {"shop-web-1"}
    assert stage.engine.observe("shop").container("shop-web-1").image == "shop/web:two"  # type: ignore[union-attr]


def test_a_service_that_left_the_manifest_goes_and_its_data_stays(stage: Stage, up: UpCase) -> None:
    up(shop())
    up(without_service(shop(), "orders"))
    found = stage.engine.observe("shop")
    assert not [c.name for c in found.containers if c.service == "orders"]
    assert "shop-orders-db" not in {n.name for n in found.networks}
    assert "shop-orders-data" in {v.name for v in found.volumes}
    assert not [name for name in stage.registry.held if name.startswith("shop-orders")]


def test_changed_routes_reload_the_gateway_in_place(stage: Stage, up: UpCase) -> None:
    up(shop())
    before = stage.ids()
    changed = up(replace(shop(), gateway=Gateway(errors="full"))).changed
    assert changed == ("update files of shop-gateway",)
    assert stage.engine.script.signals == [("shop-gateway", "SIGHUP")]
    assert stage.ids() == before


def test_a_crashed_instance_is_started_again(stage: Stage, up: UpCase) -> None:
    up(shop())
    before = stage.ids()
    stage.engine.crash("shop-web-1", 137)
    up(shop())
    assert stage.ids() == before
    assert stage.engine.inspect("shop-web-1").state == "running"


def test_lost_credentials_are_made_anew_and_reach_everybody(stage: Stage, up: UpCase) -> None:
    up(shop())
    stage.workspace.forget(FILE)
    before = stage.ids()
    up(shop())
    assert _changed(before, stage.ids()) == set(before) - {"shop-broker", "shop-observer"}
    assert "shop-orders-data" in {v.name for v in stage.engine.observe("shop").volumes}


def test_a_failed_part_is_reported_and_blocks_only_what_needs_it(stage: Stage, up: UpCase) -> None:
    stage.answers["shop-orders-1"] = (False, "503 database away")
    stage.engine.script.exit_codes.update({"shop-orders-1": 1, "shop-inventory-db": 1})
    with pytest.raises(StartFailed) as caught:
        up(shop())
    cards = {card.subject: card for card in caught.value.cards}
    assert set(cards) == {"shop-orders-1", "shop-inventory-db"}
    assert cards["shop-inventory-db"].blocks == ("shop-inventory-1",)
    assert cards["shop-orders-1"].health_answer == "503 database away"
    assert "shop-inventory-1" not in stage.ids()
    assert "shop-web-1" in stage.registry.held
    assert "shop-orders-1" not in stage.registry.held


def test_what_waits_for_its_database_itself_is_started_beside_it(stage: Stage, up: UpCase) -> None:
    stage.images.built.add("shop/inventory:one")
    stage.images.marks[labels.WAITS] = "database"
    stage.engine.script.exit_codes["shop-inventory-db"] = 1
    with pytest.raises(StartFailed) as caught:
        up(shop())
    assert [(card.subject, card.blocks) for card in caught.value.cards] == [
        ("shop-inventory-db", ("shop-inventory-1",))
    ]
    assert "shop-inventory-1" in stage.ids()
    assert "shop-inventory-1" not in stage.registry.held


def test_after_the_cause_is_mended_up_goes_on_where_it_stopped(stage: Stage, up: UpCase) -> None:
    stage.engine.script.exit_codes["shop-inventory-db"] = 1
    with pytest.raises(StartFailed):
        up(shop())
    before = stage.ids()
    stage.engine.script.exit_codes.clear()
    up(shop())
    assert _changed(before, stage.ids()) == {"shop-inventory-1"}


def test_a_new_version_that_never_gets_well_is_taken_back(stage: Stage, up: UpCase) -> None:
    up(shop())
    before = stage.ids()
    stage.images.content["orders"] = "broken"
    stage.answers["shop-orders-3"] = (False, "500 boom")
    stage.engine.script.exit_codes["shop-orders-3"] = 1
    with pytest.raises(StartFailed) as caught:
        up(shop())
    (card,) = caught.value.cards
    assert card.subject == "shop-orders-3"
    assert "the one before goes on serving" in card.what
    assert stage.ids() == before
    assert {stage.registry.held[f"shop-orders-{n}"].status for n in (1, 2)} == {"pass"}


def test_a_broken_dockerfile_fails_its_service_alone(stage: Stage, up: UpCase) -> None:
    stage.images.broken.add("web")
    with pytest.raises(StartFailed) as caught:
        up(shop())
    (card,) = caught.value.cards
    assert (card.subject, card.code, card.log_lines[-1]) == ("web", "build-failed", "boom")
    assert "shop-orders-1" in stage.registry.held


def test_a_taken_port_is_told_before_anything_is_made(stage: Stage, up: UpCase, tmp_path: Path) -> None:
    local = Stage(tmp_path, local=True)
    stage.engine = local.engine
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        wanted = replace(project(service("web")), gateway=Gateway(port=port))
        with pytest.raises(StartFailed) as failed:
            up(wanted)
    (card,) = failed.value.cards
    assert (card.code, card.subject) == ("port-taken", "shop-gateway")
    assert str(port) in card.cause
    assert stage.engine.script.calls == []


def test_a_gateway_that_a_killed_up_was_just_starting_may_hold_the_port(
    stage: Stage, up: UpCase, tmp_path: Path
) -> None:
    local = Stage(tmp_path, local=True)
    stage.engine = local.engine
    ours = Identity("shop", stage.workspace.origin)
    stage.engine.create_container(ours, ContainerSpec("shop-gateway", "gateway", "i", "i"), "old", {})
    with socket.create_server(("127.0.0.1", 0)) as starting:
        wanted = replace(project(service("web")), gateway=Gateway(port=starting.getsockname()[1]))
        up(wanted)
    gateway = stage.engine.observe("shop").container("shop-gateway")
    assert gateway is not None
    assert (gateway.state, gateway.config_hash != "old") == ("running", True)


def test_a_foreign_container_with_our_name_is_left_alone(stage: Stage, up: UpCase) -> None:
    stranger = Identity("stranger", "elsewhere")
    stage.engine.create_container(stranger, ContainerSpec("shop-web-1", "service", "i", "i"), "h", {})
    stage.engine.create_volume(stranger, VolumeSpec("mine", "database"))
    written = list(stage.engine.script.calls)
    with pytest.raises(NameConflict, match="shop-web-1"):
        up(shop())
    assert stage.engine.script.calls == written


def test_another_checkouts_project_is_refused_unless_adopted(
    stage: Stage, up: UpCase, tmp_path: Path
) -> None:
    up(shop())
    before = stage.ids()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stage.workspace = Workspace.of(elsewhere)
    with pytest.raises(ProjectConflict, match="another checkout"):
        up(shop())
    assert stage.ids() == before
    up(shop(), adopt=True)
    assert _changed(before, stage.ids()) == set(before)
    assert up(shop()).changed == ()


def test_data_that_another_checkout_left_is_used_on_and_told(
    stage: Stage, up: UpCase, down: DownCase, tmp_path: Path
) -> None:
    up(shop())
    down()
    here = [event.text for event in stage.sink.events if isinstance(event, Notice)]
    assert not any("another checkout" in text for text in here)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stage.workspace = Workspace.of(elsewhere)
    up(shop())
    told = [event.text for event in stage.sink.events if isinstance(event, Notice)]
    assert [text for text in told if text.endswith("the data it left is used on")]


def test_a_container_that_cannot_start_is_not_left_behind(stage: Stage, up: UpCase) -> None:
    stage.engine.script.taken_ports.add(8080)
    with pytest.raises(StartFailed) as caught:
        up(shop())
    card = next(card for card in caught.value.cards if card.subject == "shop-gateway")
    assert card.code == "port-taken"
    assert "8080" in card.cause
    assert "shop-gateway" not in stage.ids()


def test_no_secret_is_told(stage: Stage, up: UpCase) -> None:
    up(shop())
    passwords = stage.workspace.read(FILE).values()
    told = "\n".join(map(repr, stage.sink.events))
    commands = [" ".join(run.command) for run in stage.engine.script.commands]
    commands += [repr(stage.engine.inspect(name)) for name in stage.ids()]
    assert passwords
    assert not [p for p in passwords if p in told or any(p in text for text in commands)]


def _changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}
