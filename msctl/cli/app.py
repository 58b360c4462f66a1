"""The commands, assembled; importing this imports no engine, no HTTP and no broker library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import msctl
from msctl.cli import (
    circuits,
    compose,
    config,
    conformance,
    dashboard,
    db,
    dev,
    doctor,
    events,
    explain,
    gateway,
    health,
    images,
    inside,
    lifecycle,
    logs,
    manifest,
    observe,
    operate,
    planning,
    routes,
    scaffold,
    tokens,
    traces,
)
from msctl.cli.completion import environments
from msctl.cli.context import Context
from msctl.cli.later import later


def print_version(asked: bool) -> None:
    """Answer ``--version``."""
    if asked:
        print(f"msctl {msctl.__version__}")
        raise typer.Exit


_ROOMS = (
    scaffold,
    doctor,
    config,
    db,
    compose,
    conformance,
    lifecycle,
    operate,
    inside,
    planning,
    dev,
    observe,
    logs,
    health,
    dashboard,
    traces,
    manifest,
    images,
    routes,
    circuits,
    events,
    explain,
    gateway,
    tokens,
)

_commands = typer.Typer()
for _room in _ROOMS:
    _room.add_to(_commands)

app = typer.Typer(
    name="msctl",
    cls=later(_commands),
    help=(
        "Run a system of microservices from one manifest, msctl.yaml.\n\n"
        "Examples:\n\n"
        "  msctl up                 start everything and wait until it is healthy\n\n"
        "  msctl status --watch     health and circuits, live\n\n"
        "  msctl logs orders -f     follow a service's logs\n\n"
        "  msctl down --volumes     remove everything, data included"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", envvar="MSCTL_FILE", help="The manifest (default: msctl.yaml here or above)."
        ),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--env",
            envvar="MSCTL_ENV",
            metavar="NAME",
            help="Lay msctl.NAME.yaml over the manifest.",
            autocompletion=environments,
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No colour, no motion.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only warnings and errors.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show where an error came from.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and exit."),
    ] = False,
) -> None:
    """Keep the options that every command shares."""
    context.obj = Context(file, plain, quiet, verbose, environment)
