"""``health``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context


def add_to(app: typer.Typer) -> None:
    """Register the command of this module."""
    app.command()(health)


def health(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...",
            help="Services, roles or containers; default: all.",
            autocompletion=services,
        ),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="What changed, when and why, newest first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Ask services for their health now, and show every check. Exit code 1 if one fails.

    Examples:

      msctl health orders

      msctl health orders --history

      msctl health --json
    """
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.orchestrator.health import health as read  # noqa: PLC0415
    from msctl.orchestrator.status import status  # noqa: PLC0415
    from msctl.report.health import health_view  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    if history:
        _show_history(wired, names or [], as_json=as_json)
        return
    with wired.access() as access:
        report = status(wired.engine, access, project)
        readings = read(wired.engine, project, report, names or [])
    if as_json:
        print(json.dumps([reading.to_json() for reading in readings], indent=2))
    else:
        wired.consoles.answer.print(health_view(readings, project.name, datetime.now(UTC)))
    if any(reading.health not in {"pass", "warn"} for reading in readings):
        raise typer.Exit(1)


def _show_history(wired: Context, names: list[str], *, as_json: bool) -> None:
    from msctl.orchestrator.observer import open_observer  # noqa: PLC0415
    from msctl.report.health import history_view  # noqa: PLC0415
    from msctl.telemetry.loglines.harmless import json_line  # noqa: PLC0415

    project = wired.loaded.project.name
    with wired.access() as access:
        changes = open_observer(access, wired.workspace).ask("GET", "/-/history")
    for change in changes:
        subject = change["subject"].removeprefix(f"{project}-")
        if names and not {subject, change["subject"], subject.rpartition("-")[0]} & set(names):
            continue
        if as_json:
            print(json_line(change))
        else:
            wired.consoles.answer.print(history_view(change, subject))
