"""Answers on stdout, progress and messages on stderr, in text and in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import msctl
from msctl.manifest import pending
from msctl.registry.entry import InstanceHealth
from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage


def test_up_ends_with_the_status_and_tells_its_steps_on_stderr(cli: Cli, stage: Stage) -> None:
    found = cli("up")
    assert found.code == 0
    assert "shop is healthy" in found.out
    assert "http://127.0.0.1:8080" in found.out
    assert "✓ create shop-orders-1" in found.err
    assert "\x1b" not in found.out + found.err


def test_a_second_up_says_that_there_was_nothing_to_do(cli: Cli, stage: Stage) -> None:
    cli("up")
    written = list(stage.engine.script.calls)
    assert "nothing to do" in cli("up").err
    assert stage.engine.script.calls == written


def test_up_in_json_is_one_object_and_lines_of_progress(cli: Cli, stage: Stage) -> None:
    found = cli("up", "--json")
    answer = json.loads(found.out)
    assert answer["status"]["healthy"] is True
    assert "create shop-orders-1" in answer["changed"]
    assert {"StepStarted", "StepDone"} <= {
        json.loads(line)["event"] for line in found.err.splitlines() if line.startswith("{")
    }
    assert json.loads(cli("up", "--json").out)["changed"] == []


def test_warnings_are_lines_of_json_too(
    cli: Cli, stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "PENDING", ((("platform", "logs", "loki"), "not yet"),))
    (folder / "msctl.yaml").write_text(
        "platform: {logs: {loki: 'http://127.0.0.1:3100'}}\n" + (folder / "msctl.yaml").read_text()
    )
    found = cli("up", "--json")
    assert found.code == 0
    warnings = [event for event in map(json.loads, found.err.splitlines()) if event["event"] == "Notice"]
    assert "platform.logs.loki" in warnings[0]["text"]


@pytest.mark.parametrize("words", [("up",), ("up", "--json"), ("--quiet", "up")])
def test_up_waits_for_a_registry_that_wavers(
    cli: Cli, stage: Stage, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    cli("up")
    health, readings = stage.registry.health, []

    def wavering(project: str) -> list[InstanceHealth]:
        readings.append(project)
        found = list(health(project))
        if len(readings) > 2:  # the first is the plan's, which waits; the second the status'
            return found
        return [replace(found[0], status="fail", output="timeout"), *found[1:]]

    monkeypatch.setattr(stage.registry, "health", wavering)
    found = cli(*words)
    assert (found.code, len(readings)) == (0, 3)
    assert ("waiting for the registry" in found.err) is ("--quiet" not in words)
    if "--json" in words:
        assert json.loads(found.out)["status"]["healthy"]
        assert json.loads(found.err.splitlines()[-1])["event"] == "Notice"


def test_quiet_tells_nothing_but_the_answer(cli: Cli, stage: Stage) -> None:
    assert cli("--quiet", "up").err == ""


def test_a_failed_up_shows_its_card_and_leaves_stdout_empty(cli: Cli, stage: Stage) -> None:
    stage.answers["shop-web-1"] = (False, "404 Not Found")
    found = cli("up", "--timeout", "2s")
    assert (found.code, found.out) == (1, "")
    assert "shop-web-1 did not become healthy [wrong-health-path]" in found.err
    assert "msctl logs web" in found.err


def test_status_is_exit_0_only_when_all_is_well(cli: Cli, stage: Stage) -> None:
    assert cli("status").code == 1
    cli("up")
    assert cli("status").code == 0
    stage.engine.crash("shop-web-1", 1)
    found = cli("status")
    assert found.code == 1
    assert "shop is not healthy" in found.out


def test_status_in_json_is_the_designs(cli: Cli, stage: Stage) -> None:
    cli("up")
    found = json.loads(cli("status", "--json").out)
    assert (found["project"], found["healthy"], found["services"][0]["ready"]) == ("shop", True, 2)
    stage.engine.crash("shop-web-1", 1)
    gone = cli("status", "--json")
    assert gone.code == 1
    assert json.loads(gone.out)["healthy"] is False


def test_logs_are_told_by_container(cli: Cli, stage: Stage) -> None:
    cli("up")
    stage.engine.write_log("shop-web-1", "hello\x1b[2J")
    found = cli("logs", "web")
    assert (found.code, found.err) == (0, "")
    assert "web-1" in found.out
    assert found.out.endswith("INF hello\n")
    line = json.loads(cli("logs", "web", "--json").out)
    assert (line["container"], line["stream"], line["text"]) == ("shop-web-1", "stdout", "hello\x1b[2J")


def test_logs_never_show_a_generated_password(cli: Cli, stage: Stage) -> None:
    cli("up")
    password = stage.workspace.read("credentials.json")["database/orders"]
    stage.engine.write_log("shop-web-1", f"connecting as orders with {password} to the database")
    assert "with [REDACTED] to" in cli("logs", "web").out
    assert password not in cli("logs", "--json").out


@pytest.mark.parametrize(
    "words",
    [("--level", "loud"), ("--grep", "/(/"), ("--since", "yesterday"), ("-f", "--until", "1m")],
    ids=" ".join,
)
def test_logs_of_no_sense_are_exit_2(cli: Cli, stage: Stage, words: tuple[str, ...]) -> None:
    cli("up")
    assert cli("logs", *words).code == 2


def test_health_asks_and_shows_every_check(cli: Cli, stage: Stage) -> None:
    cli("up")
    found = cli("health", "web")
    assert (found.code, found.err) == (0, "")
    assert "web-1" in found.out
    assert json.loads(cli("health", "--json").out)[0]["health"] == "pass"
    assert cli("health", "wbe").code == 2
    stage.engine.crash("shop-web-1", 1)
    assert cli("health", "web").code == 1


def test_logs_of_somebody_unknown_are_exit_2(cli: Cli, stage: Stage) -> None:
    assert cli("logs").code == 1
    cli("up")
    found = cli("logs", "wbe")
    assert found.code == 2
    assert "'wbe'" in found.err


def test_down_keeps_data_and_says_so(cli: Cli, stage: Stage) -> None:
    cli("up")
    found = cli("down")
    assert (found.code, found.out) == (0, "")
    assert "data kept in 4 volumes" in found.err
    assert stage.ids() == {}


def test_down_with_data_leaves_nothing(cli: Cli, stage: Stage) -> None:
    cli("up")
    answer = json.loads(cli("down", "--volumes", "--yes", "--json").out)
    assert answer["kept_volumes"] == []
    assert stage.engine.observe("shop").volumes == ()


def test_down_works_without_a_manifest_when_the_project_is_named(
    cli: Cli, stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    cli("up")
    (folder / "msctl.yaml").write_text("not: [valid")
    assert cli("down").code == 2
    assert cli("down", "--project", "shop").code == 0
    assert stage.ids() == {}


@pytest.mark.parametrize("name", ["a/b", "", "UPPER_case", "x\x1b[31m"])
def test_down_of_what_cannot_be_a_project_is_wrong_usage(cli: Cli, stage: Stage, name: str) -> None:
    found = cli("down", "--project", name)
    assert found.code == 2
    assert "\x1b" not in found.err
    assert stage.engine.script.calls == []


def test_down_of_a_named_project_leaves_the_project_here_alone(
    cli: Cli,
    stage: Stage,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cli("up")
    running = stage.ids()
    bank = tmp_path_factory.mktemp("bank")
    (bank / "msctl.yaml").write_text("project: bank\nservices: {web: {image: web}}\n")
    monkeypatch.chdir(bank)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    refused = cli("down", "--project", "shop", "--volumes", "--yes")
    assert (refused.code, stage.ids()) == (1, running)
    assert "--adopt" in refused.err
    assert cli("down", "--project", "shop", "--volumes", "--yes", "--adopt").code == 0
    assert stage.ids() == {}
    assert [path.name for path in bank.iterdir()] == ["msctl.yaml"]
    assert stage.workspace.read("credentials.json") != {}


def test_down_of_the_manifests_own_project_by_name_is_the_ordinary_way(cli: Cli, stage: Stage) -> None:
    cli("up")
    assert cli("down", "--project", "shop", "--volumes", "--yes").code == 0
    assert stage.workspace.read("credentials.json") == {}


def test_validate_tells_a_good_manifest(cli: Cli, folder: Path) -> None:
    found = cli("validate")
    assert (found.code, found.out) == (0, "valid: project 'shop', 2 services, 0 routes\n")
    assert json.loads(cli("validate", "--json").out)["valid"] is True


def test_validate_in_json_lists_every_problem(cli: Cli, folder: Path) -> None:
    (folder / "msctl.yaml").write_text("project: shop\nservices:\n  web:\n    prot: 80\n")
    found = cli("validate", "--json")
    assert found.code == 2
    answer = json.loads(found.out)
    assert answer["valid"] is False
    assert {problem["line"] for problem in answer["errors"]} >= {4}


def test_another_manifest_can_be_named(cli: Cli, folder: Path) -> None:
    (folder / "msctl.yaml").rename(folder / "other.yaml")
    assert cli("validate").code == 2
    assert cli("--file", "other.yaml", "validate").code == 0


def test_the_manifest_is_found_from_below(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "services" / "web")
    assert cli("validate").code == 0


def test_the_version_can_be_asked_as_an_option(cli: Cli) -> None:
    assert cli("--version").out == cli("version").out


def test_schema_and_reference_and_version_are_answers(cli: Cli) -> None:
    assert json.loads(cli("schema").out)["$schema"].endswith("2020-12/schema")
    assert "project:" in cli("manifest", "reference").out
    assert cli("version").out == f"msctl {msctl.__version__}\n"
    assert json.loads(cli("version", "--json").out) == {"version": msctl.__version__}


GATEWAY = """
listen: 127.0.0.1:1
admin: 127.0.0.1:2
services: {a: {instances: []}}
routes: [{path: "/a/{id}", service: a, rewrite: "/b?id={id}"}]
"""


def test_routes_of_a_gateway_that_runs_alone(cli: Cli, tmp_path: Path) -> None:
    document = tmp_path / "gateway.yaml"
    document.write_text(GATEWAY)
    assert "/a/{id}" in cli("routes", "--config", str(document)).out
    found = cli("routes", "match", "GET", "/a/7?x=1", "--config", str(document))
    assert found.code == 0
    assert "/b?id=7&x=1" in found.out


def test_circuits_of_a_gateway_that_does_not_run(cli: Cli, tmp_path: Path) -> None:
    document = tmp_path / "gateway.yaml"
    document.write_text(GATEWAY)
    assert cli("circuits", "--config", str(document)).code == 1
    assert cli("circuits", "trip", "a", "--config", str(document)).code == 1
    document.write_text(GATEWAY.replace("admin: 127.0.0.1:2", ""))
    found = cli("circuits", "--config", str(document))
    assert found.code == 2
    assert "no admin endpoint" in found.err


def test_the_gateways_reference_is_printed(cli: Cli) -> None:
    assert cli("gateway", "reference").out.startswith("# gateway.yaml")
