"""All commands, found in the application itself, and the least that each wants to be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from msctl.cli.app import app
from tests.unit.cli.conftest import Result

Path = tuple[str, ...]

MANIFEST = """\
project: shop
gateway:
  routes:
    - {path: /x, service: web}
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
WORDS = {
    "COMMAND": "true", "FILE": "nowhere.yaml", "ID": "1", "METHOD": "GET", "SERVICE": "orders",
    "SERVICE=NUMBER": "orders=4", "TARGET": "/x", "TYPE": "a.b",
}  # fmt: skip
"""What stands for an argument that must be given, by its name in the help."""

MORE = {
    "db clone": ("--from", "other"),
    "db seed": ("nowhere.sql",),
    "events dead drop": ("--all",),
    "events dead replay": ("--all",),
    "events publish": ("--data", "{}"),
    "gateway serve": ("--config", "nowhere.yaml"),
    "scaffold new-service": ("reviews",),
    "token inspect": ("nowhere.jwt",),
    "token revoke": ("token.jwt",),
    "token verify": ("token.jwt",),
    "wait": ("--timeout", "1s"),
}
"""What makes a command do something, beyond what must be given."""

ALONE = {
    "doctor": 1, "explain": 0, "gateway reference": 0, "gateway serve": 2, "images build": 3, "images get": 3,
    "images list": 3, "import compose": 2, "init": 0, "manifest reference": 0, "scaffold templates": 0,
    "schema": 0, "token inspect": 2, "version": 0,
}  # fmt: skip
"""Commands that need no manifest, with their exit codes where there is no engine either."""

WITHOUT_ENGINE = {
    "config", "db url", "export compose", "open", "routes", "routes match", "scaffold new-service",
    "token clients", "validate",
}  # fmt: skip
"""Commands that need a manifest and no engine."""


def leaves(group: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        if below is None or getattr(command, "invoke_without_command", False):
            yield (*path, name), command
        if below is not None:
            yield from leaves(command, (*path, name))


COMMANDS: dict[str, Any] = {" ".join(path): command for path, command in leaves(get_command(app))}
WITH_MANIFEST = [name for name in COMMANDS if name not in ALONE]
WITH_ENGINE = [name for name in WITH_MANIFEST if name not in WITHOUT_ENGINE]


def words(name: str) -> list[str]:
    """The command ``name`` with all that it needs; one whose argument has no word here is a ``KeyError``."""
    command = COMMANDS[name]
    needed = [p for p in command.params if p.param_type_name == "argument" and p.required]
    given = [WORDS[p.metavar or str(p.name).upper()] for p in needed]
    confirmed = [option for p in command.params for option in p.opts if option == "--yes"]
    return [*name.split(), *given, *MORE.get(name, ()), *confirmed]


def told(found: Result, code: int) -> None:
    """One sentence and its remedy, nothing on stdout, no traceback."""
    lines = [line for line in found.err.splitlines() if not line.startswith("msctl.yaml:")]
    assert (found.code, found.out) == (code, ""), found
    assert [line.partition(": ")[0] for line in lines] == ["error", "hint"], found.err
    assert "stumbled" not in found.err
