"""``--help``: of everything, with examples, and without importing what it does not need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from msctl.cli.app import app
from tests.unit.cli.conftest import Cli

HEAVY = ("docker", "aiohttp", "pika", "aio_pika", "consul", "requests", "yaml", "asyncpg")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and group below ``group``."""
    for name, command in getattr(group, "commands", {}).items():
        yield (*path, name)
        yield from commands(command, (*path, name))


COMMANDS = tuple(commands(get_command(app)))
GROUPS = {words[:-1] for words in COMMANDS if len(words) > 1}


def test_the_commands_of_this_issue_are_there() -> None:
    wanted = ("up", "down", "status", "logs", "validate", "schema", "version", "images list", "images get")
    assert {tuple(words.split()) for words in wanted} <= set(COMMANDS)


@pytest.mark.parametrize("words", [(), *(c for c in COMMANDS if c not in GROUPS)], ids=" ".join)
def test_every_command_has_examples(cli: Cli, words: tuple[str, ...]) -> None:
    found = cli(*words, "--help")
    assert (found.code, found.err) == (0, "")
    assert "Example" in found.out
    assert " ".join(("msctl", *words)) in found.out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does(cli: Cli, words: tuple[str, ...]) -> None:
    lines = cli(*words, "-h").out.splitlines()
    assert lines[0].startswith("Usage: msctl ")
    assert lines[2].strip()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("words", [["--help"], ["up", "--help"], ["version"]], ids=" ".join)
def test_heavy_libraries_are_not_imported(words: list[str]) -> None:
    program = (
        "import sys; from msctl.cli.main import main\n"
        f"sys.argv = ['msctl', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert "msctl" in done.stdout


def test_what_says_that_there_is_nothing_to_do_reads_no_manifest_anew() -> None:
    """A manifest that was read before costs no parser, which would take as long as the rest."""
    program = (
        "import sys; from msctl.cli.durations import seconds; seconds('2m')\n"
        "import msctl.cli.context, msctl.manifest.remembered, msctl.orchestrator.up, msctl.cli.observe\n"
        "import msctl.orchestrator.status, msctl.orchestrator.journal, msctl.engine.images.store\n"
        "parsers = ('pydantic', 'yaml', 'ruamel', 'jinja2', 'jsonschema')\n"
        "print([name for name in parsers if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
