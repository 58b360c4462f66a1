"""What a console of a given kind shows."""

from __future__ import annotations

import re
import sys
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from msctl.report import console as consoles_of_msctl

ESCAPE = re.compile(r"\x1b")
COLOUR = re.compile(r"\x1b\[[0-9;]*\b(3[0-7]|4[0-7]|9[0-7]|10[0-7]|38;5|48;5)[0-9;]*m")


def drawn(
    what: RenderableType, monkeypatch: pytest.MonkeyPatch, *, width: int = 80, terminal: bool = False
) -> str:
    """``what`` on msctl's own kind of console, ``width`` columns wide."""
    console, file = console_of(monkeypatch, width=width, terminal=terminal)
    console.print(what)
    return file.getvalue()


def console_of(
    monkeypatch: pytest.MonkeyPatch,
    *,
    width: int = 80,
    terminal: bool = False,
    plain: bool = False,
    kind: str = "xterm-256color",
) -> tuple[Console, StringIO]:
    """msctl's console for messages on a file that is, or is not, a terminal."""
    file = StringIO()
    if terminal:
        monkeypatch.setattr(file, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(sys, "stderr", file)  # what colours there are is settled when the console is made
    console = consoles_of_msctl.consoles(plain=plain).messages
    console.file = file
    return console, file
