"""Consoles for the answer (stdout) and for everything else (stderr)."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from msctl.telemetry.loglines.harmless import harmless

__all__ = ["Consoles", "consoles", "harmless"]


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
