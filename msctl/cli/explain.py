"""``explain``: what a problem type means, offline."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from msctl.cli.context import Context


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(explain)


def explain(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[TYPE]", help="A problem's type, such as circuit-open; default: list."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Explain a problem type that the gateway answered with, and what to do.

    Examples:

      msctl explain circuit-open

      msctl explain
    """
    from dataclasses import asdict  # noqa: PLC0415
    from difflib import get_close_matches  # noqa: PLC0415

    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.gateway.explain import EXPLANATIONS  # noqa: PLC0415
    from msctl.gateway.explain import explain as find  # noqa: PLC0415

    wired: Context = context.obj
    console = wired.consoles.answer
    if kind is None:
        for known in EXPLANATIONS.values():
            console.print(f"{known.status}  {known.kind:<24} {known.title}")
        return
    found = find(kind)
    if found is None:
        near = get_close_matches(kind, EXPLANATIONS, 1)
        hint = f"did you mean '{near[0]}'?" if near else "'msctl explain' lists all"
        raise UsageError(f"there is no problem type '{kind}'", hint)
    if as_json:
        print(json.dumps(asdict(found), indent=2))
        return
    console.print(
        f"{found.kind} ({found.status}): {found.title}\n\n{found.meaning}\n\nWhat to do: {found.remedy}"
    )
