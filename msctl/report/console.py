"""Consoles for the answer (stdout) and for everything else (stderr)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.console import Console

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TURNING = re.compile("[\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What changes the direction of writing, or breaks a line unseen."""


@dataclass(frozen=True, slots=True)
class Consoles:
    """``answer`` writes what was asked for, ``messages`` progress and errors."""

    answer: Console
    messages: Console


def consoles(*, plain: bool = False) -> Consoles:
    """Consoles on the process's own streams; ``plain`` switches colour and motion off everywhere.

    Rich itself honours ``NO_COLOR``, ``TERM=dumb`` and streams that are no terminal.
    """
    return Consoles(_console(stderr=False, plain=plain), _console(stderr=True, plain=plain))


def harmless(text: str) -> str:
    """``text`` without escape sequences, control characters and turns of direction, as others wrote it."""
    return _TURNING.sub("", _CONTROL.sub("", text))


def _console(*, stderr: bool, plain: bool) -> Console:
    return Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        no_color=True if plain else None,
        force_terminal=False if plain else None,
        soft_wrap=True,
    )
