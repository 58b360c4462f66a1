"""``plan``, ``history`` and ``rollback``."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.model.chronicle import Entry

_CHANGES = 4


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(plan)
    app.command()(history)
    app.command()(rollback)


def plan(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit code 4 when there are changes.")
    ] = False,
    force_recreate: Annotated[
        bool, typer.Option("--force-recreate", help="Show what 'up --force-recreate' would do.")
    ] = False,
) -> None:
    """Show what 'up' would do and why; nothing is changed.

    Examples:

      msctl plan

      msctl plan --json --detailed-exitcode
    """
    from msctl.events import NullSink  # noqa: PLC0415
    from msctl.orchestrator.foreseen import ForeseenImages  # noqa: PLC0415
    from msctl.orchestrator.up import Up  # noqa: PLC0415
    from msctl.report.plan import plan_json, plan_text  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    anew = frozenset(project.services) if force_recreate else frozenset()
    images = ForeseenImages(wired.images, {})
    use_case = Up(wired.engine, images, wired.workspace, NullSink(), timeout=0.0, discard=True)
    found = replace(use_case, anew=anew).preview(project)
    if as_json:
        print(json.dumps(plan_json(found), indent=2))
    elif found.changes:
        wired.consoles.answer.print(plan_text(found), end="", soft_wrap=True)
    elif not wired.quiet:
        wired.consoles.messages.print("nothing to do: everything is as the manifest says")
    if detailed_exitcode and found.changes:
        raise typer.Exit(_CHANGES)


def history(
    context: typer.Context,
    tail: Annotated[int, typer.Option("--tail", "-n", min=1, help="Only the last ones.")] = 30,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only this: command, health, circuit or agent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what happened, when and why: commands, changes of health, circuits, what the agent did.

    Examples:

      msctl history

      msctl history -n 100 --json

      msctl history --kind circuit
    """
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.model.chronicle import KINDS  # noqa: PLC0415
    from msctl.orchestrator.chronicle import chronicle  # noqa: PLC0415
    from msctl.orchestrator.observer import observer_if_there  # noqa: PLC0415
    from msctl.telemetry.loglines.harmless import harmless, json_line  # noqa: PLC0415

    wired: Context = context.obj
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind: there is no '{kind}'", f"one of {', '.join(KINDS)}")
    project = wired.loaded.project.name
    with wired.access() as access:
        observer = observer_if_there(access, wired.workspace)
        found = chronicle(wired.engine, wired.workspace, project, observer, kind)
    if not found and not wired.quiet:
        wired.consoles.messages.print("nothing is known to have happened")
    for entry in found[-tail:]:
        print(json_line(asdict(entry)) if as_json else harmless(_line(entry)))


def rollback(
    context: typer.Context,
    to: Annotated[int | None, typer.Option("--to", help="Its number in 'history'.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    timeout: Annotated[str, typer.Option(help="How long each part may take to become healthy.")] = "2m",
) -> None:
    """Bring the deployment before the last one back, manifest and images; the next 'up' goes forward again.

    Data is not touched.

    Examples:

      msctl rollback

      msctl rollback --to 3
    """
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.cli.lifecycle import bring_up  # noqa: PLC0415
    from msctl.cli.rolling_back import goal, loaded_from  # noqa: PLC0415

    wired: Context = context.obj
    patience = seconds(timeout)
    workspace = wired.workspace
    wired.require_engine()
    deployment = goal(workspace, to)
    with wired.target(None).lock("rollback"):
        wired.use(loaded_from(deployment, wired))
        command = f"rollback to {deployment.number}"
        bring_up(wired, command, as_json=as_json, timeout=patience, pins=deployment.images, keep=False)


def _line(entry: Entry) -> str:
    number = f" [{entry.deployment}]" if entry.deployment is not None else ""
    revision = f" ({entry.revision})" if entry.revision else ""
    changed = f": {', '.join(entry.changed)}" if entry.changed else ""
    why = f" — {entry.why}" if entry.why else ""
    return f"{entry.time}  {entry.command}{number} {entry.result}{revision}{changed}{why}"
