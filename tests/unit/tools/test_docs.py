"""The documentation is that of this code: made pages are current, links lead somewhere, commands exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from msctl.cli.app import app
from tools.docs import PAGES

ROOT = Path(__file__).parents[3]
TEXTS = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
CODE = re.compile(r"^ {4}(?:\S*/)?msctl (?P<words>.*)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_made_pages_are_current(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == PAGES[page](), "run: python -m tools.docs"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text()):
        assert "://" in target or (path.parent / target).exists(), target


def commands(path: Path) -> Iterator[str]:
    """Every command line of msctl in a page's code blocks, without what it is piped into."""
    for match in CODE.finditer(path.read_text()):
        yield re.split(r"\s+(?:\||>|<|#|&&)", match["words"])[0]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_commands_that_are_shown_exist(path: Path) -> None:
    for line in commands(path):
        command: Any = get_command(app)
        words = shlex.split(line)
        words = words[: words.index("--")] if "--" in words else words
        while words and words[0] in ("--plain", "--env", "--file", "-f"):
            del words[: 1 if words[0] == "--plain" else 2]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        known = {
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        }
        shared = {"--env", "--file", "--plain", "--quiet", "--help", "--install-completion"}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known | shared, line
        assert not (getattr(command, "commands", None) and not words and command.no_args_is_help), line


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert {path.name for path in TEXTS if path.parent.name == "docs"} - {"README.md"} <= set(
        LINK.findall(index)
    )
