"""``import compose`` and ``export compose``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from msctl.cli.context import Context


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    for name, command, what in (
        ("import", import_compose, "Make a manifest of other tools' files."),
        ("export", export_compose, "Write what the manifest says for other tools."),
    ):
        group = typer.Typer(help=what, no_args_is_help=True, rich_markup_mode=None)
        group.callback()(_group)
        group.command("compose")(command)
        app.add_typer(group, name=name)


def _group() -> None:
    """Keep ``compose`` a word of its own although it is the only command."""


def import_compose(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A Compose file.")] = Path("compose.yaml"),
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print the manifest instead of writing it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Make a manifest of a Compose file, beside it; nothing is overwritten.

    Everything that is not carried over as it was is told. Exit code 1 if the manifest needs mending.

    Examples:

      msctl import compose

      msctl import compose docker-compose.yml --stdout
    """
    from dataclasses import asdict  # noqa: PLC0415

    from msctl.report.cards import show_problems  # noqa: PLC0415
    from msctl.scaffold import placing  # noqa: PLC0415
    from msctl.scaffold.compose.importing import import_compose as make  # noqa: PLC0415
    from msctl.scaffold.new_project import MANIFEST, free_port  # noqa: PLC0415
    from msctl.scaffold.rendering import Rendered  # noqa: PLC0415

    wired: Context = context.obj
    made = make(file, os.environ, free_port())
    target = file.resolve().parent / MANIFEST
    if not stdout:
        placing.create(target, Rendered(made.text.encode()))
    if as_json:
        told = {"manifest": made.text, "notes": [asdict(note) for note in made.notes]}
        print(json.dumps({**told, "problems": [asdict(p) for p in made.problems]}, indent=2))
    else:
        if stdout:
            print(made.text, end="")
        say = wired.consoles.messages.print
        for note in made.notes:
            say(f"{note.path}: {note.what}")
        show_problems(wired.consoles.messages, made.problems)
        if not stdout and not wired.quiet:
            say(f"{target.name} is written; next: msctl {'validate' if made.problems else 'up'}")
    if made.problems:
        raise typer.Exit(1)


def export_compose(context: typer.Context) -> None:
    """Print a Compose file of the services, their databases and the broker; what it cannot say is told.

    Passwords are variables that Compose asks for. Needs Compose 2.24 or newer.

    Example:

      msctl export compose > compose.yaml
    """
    from msctl.engine.images.roles import ROLES  # noqa: PLC0415
    from msctl.scaffold.compose.exporting import export_compose as make  # noqa: PLC0415

    wired: Context = context.obj
    text, notes = make(wired.loaded.project, ROLES["runtime"].recipe_reference)
    print(text, end="")
    if not wired.quiet:
        for note in notes:
            wired.consoles.messages.print(note)
