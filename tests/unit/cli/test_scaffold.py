"""``init`` and ``scaffold``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from msctl.cli import asking
from msctl.cli import scaffold as module
from tests.unit.cli.conftest import Cli


def test_init_says_what_to_run_next(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = cli("init", "bank", "--port", "8123", "--database", "postgres")
    assert (found.code, found.out) == (0, "")
    assert found.err.splitlines()[1:] == [
        "next:",
        "  cd bank",
        "  msctl up",
        '  curl -s -H "Authorization: Bearer $(msctl token issue)" http://127.0.0.1:8123/api/hello',
    ]
    monkeypatch.chdir(tmp_path / "bank")
    assert cli("validate").code == 0


def test_what_init_says_to_run_is_one_word_for_the_shell(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = cli("init", "new; echo [red]").err.splitlines()
    assert told[0].startswith("project 'new-echo-red' in new; echo [red]: ")
    assert told[2] == "  cd 'new; echo [red]'"


def test_init_never_overwrites(cli: Cli, folder: Path) -> None:
    found = cli("init")
    assert found.code == 2
    assert "nothing is overwritten" in found.err


def test_a_new_service_is_in_the_manifest(cli: Cli, folder: Path) -> None:
    found = cli("scaffold", "new-service", "reviews", "--publishes", "a.b,a.c", "--calls", "web", "--json")
    assert found.code == 0
    answer = json.loads(found.out)
    assert answer["publishes"] == ["a.b", "a.c"]
    assert "Dockerfile" in answer["files"]
    assert answer["routes"] == ["/api/reviews/{rest:path}"]
    assert cli("validate").out == "valid: project 'shop', 3 services, 2 routes\n"


def test_a_service_needs_no_route(cli: Cli, folder: Path) -> None:
    assert cli("scaffold", "new-service", "worker", "--route", "none").code == 0
    assert cli("validate").out == "valid: project 'shop', 3 services, 0 routes\n"


def test_a_service_can_be_open(cli: Cli, folder: Path) -> None:
    assert "Bearer" not in cli("scaffold", "new-service", "open", "--open").err
    assert "scopes" not in (folder / "msctl.yaml").read_text()


def test_it_ends_with_what_to_run_next(cli: Cli, folder: Path) -> None:
    told = cli("scaffold", "new-service", "reviews").err.splitlines()
    assert told[1:] == [
        "next:",
        "  (cd services/reviews && pytest)",
        "  msctl up",
        '  curl -s -H "Authorization: Bearer $(msctl token issue)" http://127.0.0.1:8080/api/reviews',
    ]
    assert cli("--quiet", "scaffold", "new-service", "other").err == ""


def test_a_teams_own_template_is_taken(cli: Cli, folder: Path) -> None:
    own = folder / "templates" / "ours"
    own.mkdir(parents=True)
    (own / "Dockerfile.jinja").write_text("FROM x\nCMD {{ service }}\n")
    assert cli("scaffold", "new-service", "mine", "--template", "templates/ours").code == 0
    assert (folder / "services" / "mine" / "Dockerfile").read_text() == "FROM x\nCMD mine\n"


def test_nobody_is_asked_off_a_terminal(cli: Cli, folder: Path) -> None:
    found = cli("scaffold", "new-service")
    assert found.code == 2
    assert "nobody can be asked" in found.err


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Somebody at a terminal who gives these answers."""
    given: list[str] = []
    monkeypatch.setattr(asking, "may_ask", lambda *, no_input: not no_input)
    monkeypatch.setattr(module, "ask", lambda *_, **__: given.pop(0))
    yield given
    assert given == []


def test_on_a_terminal_what_is_missing_is_asked(cli: Cli, folder: Path, answers: list[str]) -> None:
    answers += ["reviews", "python", "redis"]
    assert cli("scaffold", "new-service").code == 0
    assert "database: redis" in (folder / "msctl.yaml").read_text()


def test_no_input_asks_nobody(cli: Cli, folder: Path, answers: list[str]) -> None:
    assert cli("scaffold", "new-service", "--no-input").code == 2


def test_somebody_is_there_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert asking.may_ask(no_input=False)
    assert not asking.may_ask(no_input=True)


def test_templates_are_listed(cli: Cli) -> None:
    assert "python" in cli("scaffold", "templates").out
    listed = json.loads(cli("scaffold", "templates", "--json").out)
    assert {"name", "description", "databases", "events"} == set(listed[0])
