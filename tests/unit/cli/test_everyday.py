"""doctor, config, open, completion, and shared options after the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from msctl.cli.app import app
from msctl.cli.words import shared_first
from tests.unit.cli.conftest import Cli
from tests.unit.orchestrator.stage import Stage

OVERLAY = "services:\n  web: {replicas: 3}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("status --plain", "--plain status"),
        ("status --json --file x.yaml", "--file x.yaml status --json"),
        ("status --env=prod -q", "--env=prod -q status"),
        ("logs -f web -v", "-v logs -f web"),
        ("circuits trip web --plain", "--plain circuits trip web"),
        ("--file x status --plain", "--plain --file x status"),
        ("up --timeout 5m -- --plain", "up --timeout 5m -- --plain"),
        ("status --file", "status --file"),
        ("nonsense --plain", "nonsense --plain"),
        ("--plain", "--plain"),
        ("", ""),
    ],
)
def test_shared_options_may_come_after_the_command(words: str, expected: str) -> None:
    assert " ".join(shared_first(get_command(app), words.split())) == expected


def test_a_manifest_can_be_named_after_the_command(cli: Cli, folder: Path) -> None:
    (folder / "msctl.yaml").rename(folder / "other.yaml")
    assert cli("validate", "--file", "other.yaml", "--plain").code == 0


def test_an_environment_is_laid_over(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "msctl.prod.yaml").write_text(OVERLAY)
    assert "replicas: 3" in cli("config", "--env", "prod").out
    assert "msctl.prod.yaml:2" in cli("--env", "prod", "config").out
    assert "replicas: 3" not in cli("config").out
    monkeypatch.setenv("MSCTL_ENV", "prd")
    found = cli("validate")
    assert (found.code, "did you mean 'prod'?" in found.err) == (2, True)


def test_config_keeps_variables_unless_asked(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (folder / "msctl.yaml").read_text()
    (folder / "msctl.yaml").write_text(text + "    environment: {LEVEL: '${LEVEL:?say it}'}\n")
    found = cli("config")
    assert (found.code, "say it" in found.err) == (2, True)
    monkeypatch.setenv("LEVEL", "debug")
    assert "${LEVEL:?say it}" in cli("config").out
    assert "LEVEL: debug" in cli("config", "--resolve").out


def test_config_in_json(cli: Cli, folder: Path) -> None:
    told = {entry["path"]: entry for entry in json.loads(cli("config", "--json").out)}
    assert told["services.orders.replicas"]["value"] == 2


def test_the_address_is_printed_where_there_is_no_terminal(cli: Cli, folder: Path) -> None:
    text = (folder / "msctl.yaml").read_text()
    routes = 'gateway:\n  port: 81\n  routes:\n    - {path: "/api/web/{rest:path}", service: web}\n'
    (folder / "msctl.yaml").write_text(text.replace("services:\n", routes + "services:\n"))
    assert cli("open").out == "http://127.0.0.1:81\n"
    assert cli("open", "web").out == "http://127.0.0.1:81/api/web\n"
    assert cli("open", "orders").code == 2
    found = cli("open", "wbe")
    assert (found.code, "did you mean 'web'?" in found.err) == (2, True)


def test_doctor_finds_nothing_wrong(cli: Cli, stage: Stage) -> None:
    found = cli("doctor", "--json")
    told = {finding["check"]: finding for finding in json.loads(found.out)}
    assert told["engine"]["level"] == told["project"]["level"] == "pass"
    assert "engine" in cli("doctor").out


@pytest.mark.parametrize("text", [None, "project: ["])
def test_doctor_works_without_engine_and_manifest(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    (folder / "msctl.yaml").unlink()
    if text is not None:
        (folder / "msctl.yaml").write_text(text)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
    found = cli("doctor", "--json")
    told = {finding["check"]: finding for finding in json.loads(found.out)}
    assert found.code == 1
    assert told["engine"]["level"] == "fail"
    assert told["manifest"]["level"] == ("warn" if text is None else "fail")
    assert told["manifest"]["remedy"]


def completed(folder: Path, *words: str) -> list[str]:
    environment = {
        **os.environ,
        "_MSCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("msctl", *words)),
        "COMP_CWORD": str(len(words)),
    }
    command = [str(Path(sys.executable).parent / "msctl")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.split()


def test_the_shell_is_offered_services(folder: Path) -> None:
    assert completed(folder, "open", "or") == ["orders"]
    assert completed(folder, "logs", "w") == ["web"]
    assert completed(folder, "circuits", "trip", "") == ["orders", "web"]
    (folder / "msctl.prod.yaml").write_text(OVERLAY)
    assert completed(folder, "--env", "p") == ["prod"]


def test_the_shell_is_offered_nothing_where_there_is_no_manifest(tmp_path: Path) -> None:
    assert completed(tmp_path, "open", "") == []


COMPOSE = "services:\n  web: {image: web, ports: ['80:80'], restart: always}\n"


def test_a_compose_file_becomes_a_manifest(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    found = cli("import", "compose")
    assert (found.code, found.out) == (0, "")
    assert "services.web.restart: msctl restarts what ends" in found.err
    assert cli("validate").code == 0
    again = cli("import", "compose")
    assert (again.code, "nothing is overwritten" in again.err) == (2, True)
    assert cli("import", "compose", "--stdout").out == (tmp_path / "msctl.yaml").read_text()


def test_a_compose_file_that_needs_mending_is_exit_1(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {web: {build: nowhere}}\n")
    found = cli("import", "compose", "--json")
    assert found.code == 1
    assert json.loads(found.out)["problems"]
    assert (tmp_path / "msctl.yaml").exists()


def test_a_manifest_becomes_a_compose_file(cli: Cli, folder: Path) -> None:
    found = cli("export", "compose")
    assert found.code == 0
    assert "orders-db:" in found.out
    assert "gateway:" in found.err
