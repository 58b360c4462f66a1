"""Asking before something that cannot be undone."""

from __future__ import annotations

import sys

import typer

from msctl.errors import Interrupted, MsctlError, UsageError


def confirm(question: str, *, yes: bool) -> None:
    """Return if the answer is yes; raises if it is no, ``UsageError`` where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this would remove data and nobody can be asked", "say --yes")
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort as exc:
        raise Interrupted("nothing was done") from exc
    if not agreed:
        raise MsctlError("nothing was done")
