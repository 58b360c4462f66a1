"""``up`` and ``down``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.model.status import StatusReport
    from msctl.orchestrator.access import Access

_SETTLING = 15.0
"""Seconds after which the registry has asked everything that ``up`` found healthy once more."""

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON; progress as JSON lines on stderr.")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over a project that another checkout started.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(up)
    app.command()(down)


def up(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SERVICE]...", help="Only these, with what they need; default: all."),
    ] = None,
    as_json: Json = False,
    adopt: Adopt = False,
    force_recreate: Annotated[
        bool,
        typer.Option("--force-recreate", help="Make services' containers anew although nothing changed."),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Drop event queues that nobody subscribes to; accept breaking schemas."
        ),
    ] = False,
    timeout: Annotated[
        str, typer.Option(help="How long each part may take to become healthy, e.g. 90s or 2m.")
    ] = "2m",
) -> None:
    """Build and start everything, and return when it is healthy.

    Running it again changes only what differs from the manifest; after an interruption it continues.
    A service is updated while it serves; a new version that is no good is taken back.

    Examples:

      msctl up

      msctl up orders --force-recreate

      msctl up --timeout 5m --json
    """
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.plan.needs import with_needs  # noqa: PLC0415

    wired: Context = context.obj
    patience = seconds(timeout)
    project = wired.loaded.project
    only = with_needs(project, names) if names else None
    anew = frozenset(names or project.services) if force_recreate else frozenset()
    if not as_json:
        _warn(wired)
    words = " ".join(("up", *(names or ()), *(("--force-recreate",) if force_recreate else ())))
    with wired.target(None).lock("up"):
        bring_up(
            wired, words, as_json=as_json, timeout=patience, only=only, anew=anew, adopt=adopt, discard=yes
        )


def bring_up(
    wired: Context,
    command: str,
    *,
    as_json: bool,
    timeout: float,
    only: frozenset[str] | None = None,
    anew: frozenset[str] = frozenset(),
    pins: Mapping[str, str] | None = None,
    keep: bool = True,
    adopt: bool = False,
    discard: bool = False,
) -> None:
    """Make the manifest true, show the outcome and write it down; ``keep``: one can go back to it."""
    from msctl.cli.interruption import telling_interruption  # noqa: PLC0415
    from msctl.cli.observe import show_status  # noqa: PLC0415
    from msctl.events import Notice  # noqa: PLC0415
    from msctl.orchestrator.journal import deployed, recorded  # noqa: PLC0415
    from msctl.orchestrator.pinned import PinnedImages  # noqa: PLC0415
    from msctl.orchestrator.status import status  # noqa: PLC0415
    from msctl.orchestrator.up import Up  # noqa: PLC0415

    loaded = wired.loaded
    with (
        recorded(wired.workspace, command, loaded.project.revision, wired.tell_history) as record,
        telling_interruption("what was done so far stays", "run the same command to continue"),
        wired.progress(as_json=as_json) as sink,
    ):
        if as_json:
            for problem in (*loaded.warnings, *loaded.unused):
                sink.emit(Notice("warning", str(problem)))
        images = PinnedImages(wired.images, pins or {})
        use_case = Up(wired.engine, images, wired.workspace, sink, timeout, adopt, only, anew, discard)
        result = use_case.run(loaded.project)
        record.changed = result.changed
        if result.changed and keep:
            record.deployment = deployed(wired.workspace, *wired.texts(), result.images)
    with wired.access() as access:
        report = status(wired.engine, access, loaded.project, seen=result.found)
        if only is None and not report.healthy:
            report = _settled(wired, access, as_json=as_json)
    if as_json:
        print(json.dumps({"changed": list(result.changed), "status": report.to_json()}))
    else:
        show_status(wired, report)
    if only is None and not report.healthy:
        raise typer.Exit(1)
    if not result.changed and not as_json and not wired.quiet:
        wired.consoles.messages.print("nothing to do: everything is as the manifest says")


def _settled(wired: Context, access: Access, *, as_json: bool) -> StatusReport:
    """The status once the registry has asked everything again, or when it should have."""
    from msctl.events import Notice  # noqa: PLC0415
    from msctl.orchestrator.waiting import wait_healthy  # noqa: PLC0415

    with wired.progress(as_json=as_json) as sink:
        sink.emit(Notice("info", "everything has answered; waiting for the registry to say so as well"))
        return wait_healthy(wired.engine, access, wired.loaded.project, (), _SETTLING)[1]


def down(
    context: typer.Context,
    volumes: Annotated[bool, typer.Option("--volumes", help="Remove the data as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing data.")] = False,
    adopt: Adopt = False,
    project: Annotated[
        str | None, typer.Option("--project", help="Its name, when no usable manifest here declares it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Stop and remove everything; data stays unless --volumes is given.

    Examples:

      msctl down

      msctl down --volumes --yes
    """
    from msctl.cli.confirm import confirm  # noqa: PLC0415
    from msctl.orchestrator.down import down as take_down  # noqa: PLC0415

    wired: Context = context.obj
    target = wired.target(project)
    if volumes:
        confirm(f"Remove project '{target.name}' with all its data?", yes=yes)
    with target.lock("down"), wired.progress(as_json=as_json) as sink:
        result = take_down(wired.engine, target, sink, volumes=volumes, adopt=adopt)
    if as_json:
        print(json.dumps({"removed": result.removed, "kept_volumes": list(result.kept_volumes)}))
    elif not wired.quiet:
        wired.consoles.messages.print(_summary(target.name, result.removed, result.kept_volumes))


def _summary(name: str, removed: int, kept: tuple[str, ...]) -> str:
    if not removed and not kept:
        return f"project '{name}' was not running"
    data = f"; data kept in {len(kept)} volumes (remove with --volumes)" if kept else ""
    return f"project '{name}' is down{data}"


def _warn(wired: Context) -> None:
    problems = (*wired.loaded.warnings, *wired.loaded.unused)
    if problems and not wired.quiet:
        from msctl.report.cards import show_warnings  # noqa: PLC0415

        show_warnings(wired.consoles.messages, problems)
