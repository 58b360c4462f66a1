"""Asking before something that cannot be undone."""

from __future__ import annotations

import sys

import typer

from msctl.errors import UsageError


def confirm(question: str, *, yes: bool) -> None:
    """Return if the answer is yes; raise ``UsageError`` off a terminal, where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this would remove data and nobody can be asked", "say --yes")
    if not typer.confirm(question, err=True):
        raise UsageError("nothing was done")
