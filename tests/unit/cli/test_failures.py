"""Every command that cannot do its work says so in one sentence, with a remedy and the right exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from msctl.cli.app import app
from tests.unit.cli.conftest import Cli, Result

WORDS = {
    "METHOD": "GET", "TARGET": "/x", "EVENT_TYPE": "a.b", "TYPE": "a.b", "FILE": "nowhere.yaml", "EVENT": "1",
    "ID": "1", "KIND": "circuit-open", "INSTANCE": "shop-web-1",
    "SERVICE=NUMBER": "orders=4",
}  # fmt: skip
OPTIONS = {
    ("db", "clone"): ("--from", "other"),
    ("events", "publish"): ("--data", "{}"),
    ("events", "dead", "replay"): ("--all",),
    ("events", "dead", "drop"): ("--all",),
}
ALONE = {
    "doctor", "explain", "gateway reference", "gateway serve", "images build", "images get", "images list",
    "import compose", "init", "manifest reference", "scaffold templates", "schema", "version",
    "token inspect", "token verify",
}  # fmt: skip
"""Commands that need no manifest."""

WITHOUT_ENGINE = {
    "config", "db url", "export compose", "open", "routes", "routes match", "scaffold new-service",
    "token clients", "validate",
}  # fmt: skip
"""Commands that need a manifest and no engine."""

MANIFEST = """\
project: shop
services:
  orders:
    build: services/orders
    database: postgres
    scopes: [orders:read]
    publishes: [a.b]
    subscribes: [a.b]
  web:
    build: services/web
"""


def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        if below is None or getattr(command, "invoke_without_command", False):
            yield (*path, name), command
        if below is not None:
            yield from leaves(command, (*path, name))


def arguments(path: tuple[str, ...], command: Any) -> list[str]:
    """The least that a command wants to be told."""
    needed = [p for p in command.params if p.param_type_name == "argument" and p.required]
    words = [WORDS.get(p.metavar or str(p.name).upper(), "orders") for p in needed]
    confirmed = [name for p in command.params for name in p.opts if name == "--yes"]
    return [*path, *words, *OPTIONS.get(path, ()), *confirmed]


COMMANDS = dict(leaves(get_command(app)))
WITH_MANIFEST = {path: command for path, command in COMMANDS.items() if " ".join(path) not in ALONE}
WITH_ENGINE = {
    path: command for path, command in WITH_MANIFEST.items() if " ".join(path) not in WITHOUT_ENGINE
}


def told(found: Result, code: int) -> None:
    """One sentence, a remedy, nothing on stdout, no traceback."""
    assert (found.code, found.out) == (code, "")
    lines = [line for line in found.err.splitlines() if not line.startswith("msctl.yaml:")]
    assert lines[0].startswith("error: "), found.err
    assert any(line.startswith("hint: ") for line in lines), found.err
    assert "Traceback" not in found.err
    assert "stumbled" not in found.err


@pytest.mark.parametrize("path", WITH_MANIFEST, ids=" ".join)
def test_without_a_manifest(cli: Cli, folder: Path, path: tuple[str, ...]) -> None:
    (folder / "msctl.yaml").unlink()
    told(cli(*arguments(path, COMMANDS[path])), 2)


@pytest.mark.parametrize("path", WITH_MANIFEST, ids=" ".join)
def test_in_a_wrong_folder(
    cli: Cli,
    folder: Path,
    path: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    told(cli(*arguments(path, COMMANDS[path])), 2)


@pytest.mark.parametrize("path", WITH_ENGINE, ids=" ".join)
def test_without_an_engine(
    cli: Cli, folder: Path, path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "msctl.yaml").write_text(MANIFEST)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/none.sock")
    told(cli(*arguments(path, COMMANDS[path])), 3)
