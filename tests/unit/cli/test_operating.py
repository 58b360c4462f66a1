"""The commands that change how a running project runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage


def test_scale_holds_over_the_next_up(cli: Cli, stage: Stage) -> None:
    cli("up")
    assert cli("scale", "web=3").code == 0
    assert {"shop-web-2", "shop-web-3"} <= set(stage.ids())
    assert json.loads(cli("up", "--json").out)["changed"] == []
    before = stage.ids()
    assert cli("scale", "web=1").code == 0
    assert stage.ids()["shop-web-1"] == before["shop-web-1"]
    assert "shop-web-2" not in stage.ids()


def test_scaling_what_is_not_there_is_wrong_usage(cli: Cli, stage: Stage) -> None:
    assert cli("scale", "wbe=3").code == 2
    assert cli("scale", "web").code == 2
    assert cli("scale", "web=3", "--timeout", "soon").code == 2
    cli("up")
    assert "shop-web-2" not in stage.ids()


def test_stop_and_start(cli: Cli, stage: Stage) -> None:
    cli("up")
    assert cli("stop", "web").code == 0
    assert stage.engine.inspect("shop-web-1").stays_down
    assert "shop-web-1" not in stage.registry.held
    assert cli("status").code == 1
    assert cli("start", "web").code == 0
    assert not stage.engine.inspect("shop-web-1").stays_down
    assert stage.registry.held["shop-web-1"].status == "pass"


def test_restart_keeps_the_container(cli: Cli, stage: Stage) -> None:
    cli("up")
    before, started = stage.ids(), stage.engine.inspect("shop-web-1").started_at
    assert cli("restart", "web").code == 0
    assert stage.ids() == before
    assert stage.engine.inspect("shop-web-1").started_at != started
    assert cli("restart", "nothing").code == 2


def test_what_does_not_run_cannot_be_stopped(cli: Cli, stage: Stage) -> None:
    assert cli("stop").code == 1


def test_wait_says_by_its_code_whether_all_is_well(cli: Cli, stage: Stage) -> None:
    cli("up")
    assert cli("wait").code == 0
    cli("stop", "web")
    assert cli("wait", "orders", "--timeout", "1s").code == 0
    assert cli("wait", "web", "--timeout", "1s").code == 1
    assert cli("wait", "nothing").code == 2


def test_up_of_one_service_leaves_the_others(cli: Cli, stage: Stage) -> None:
    cli("up")
    before = stage.ids()
    stage.images.content["orders"] = stage.images.content["web"] = "two"
    assert cli("up", "web").code == 0
    changed = {name for name in before if stage.ids().get(name) != before[name]}
    assert changed == {"shop-web-1"}


def test_up_force_recreate_makes_services_anew(cli: Cli, stage: Stage) -> None:
    cli("up")
    before = stage.ids()
    assert cli("up", "--force-recreate").code == 0
    changed = {name for name in before if stage.ids().get(name) != before[name]}
    assert changed == {"shop-orders-1", "shop-orders-2", "shop-web-1"}


def test_plan_changes_nothing_and_tells_by_its_code(cli: Cli, stage: Stage) -> None:
    assert cli("plan", "--detailed-exitcode").code == 4
    assert stage.ids() == {}
    cli("up")
    calls = list(stage.engine.script.calls)
    assert cli("plan", "--detailed-exitcode").code == 0
    stage.images.content["web"] = "two"
    found = cli("plan", "--json", "--detailed-exitcode")
    changes = {change["id"]: change for change in json.loads(found.out)["changes"]}
    assert found.code == 4
    assert "image: shop/web:one → shop/web:two" in changes["remove shop-web-1"]["reason"]
    assert not changes["remove shop-web-1"]["downtime"]
    assert "updated while it serves" in cli("plan").out
    assert stage.engine.script.calls == calls


def test_history_and_rollback(cli: Cli, stage: Stage, folder: Path) -> None:
    cli("up")
    stage.images.content["web"] = "two"
    manifest = folder / "msctl.yaml"
    text = manifest.read_text()
    cli("up")
    assert cli("rollback").code == 0
    assert stage.engine.inspect("shop-web-1").image == "shop/web:one"
    assert manifest.read_text() == text
    lines = [json.loads(line) for line in cli("history", "--json").out.splitlines()]
    assert [(line["command"], line["result"]) for line in lines] == [
        ("up", "done"),
        ("up", "done"),
        ("rollback to 1", "done"),
    ]
    assert cli("rollback", "--to", "9").code == 2
    assert "rollback to 1 done" in cli("history").out
    cli("up")
    assert stage.engine.inspect("shop-web-1").image == "shop/web:two"


def test_an_observer_that_cannot_be_told_is_mentioned_to_whoever_wants_details(
    cli: Cli, stage: Stage
) -> None:
    words = "the observer was not told what was done"
    assert words not in cli("up").err
    stage.images.content["web"] = "two"
    found = cli("--verbose", "up")
    assert (found.code, words in found.err) == (0, True)


def test_a_kind_of_history_that_is_none_is_wrong_usage(cli: Cli, stage: Stage) -> None:
    cli("up")
    assert cli("history", "--kind", "command").out.count("up [1] done") == 1
    assert cli("history", "--kind", "health").out == ""
    assert cli("history", "--kind", "weather").code == 2


def test_there_is_nothing_to_go_back_to_at_first(cli: Cli, stage: Stage) -> None:
    assert cli("rollback").code == 2
