"""Asking for what was not given: on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from msctl.errors import Interrupted, UsageError


def may_ask(*, no_input: bool) -> bool:
    """Whether somebody is there who can answer."""
    return not no_input and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, *, default: str | None = None, choices: Sequence[str] = ()) -> str:
    """The answer to a question; Ctrl-C is ``Interrupted``."""
    shown = f"{question} ({', '.join(choices)})" if choices else question
    while True:
        try:
            answer = str(typer.prompt(shown, default=default, err=True)).strip()
        except typer.Abort as exc:
            raise Interrupted("nothing was written") from exc
        if not choices or answer in choices:
            return answer


def needed(what: str, *, no_input: bool) -> None:
    """Raise ``UsageError`` where ``what`` was not given and nobody can be asked for it."""
    if not may_ask(no_input=no_input):
        raise UsageError(f"{what} is missing, and nobody can be asked", "give it as an argument")
