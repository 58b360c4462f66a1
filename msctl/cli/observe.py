"""``status`` and ``logs``."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.model.status import StatusReport
    from msctl.orchestrator.access import Access

_WATCH_INTERVAL = 0.5


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(status)
    app.command()(logs)


def status(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON (one object, or one a change).")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
) -> None:
    """Show health of services and platform, and the circuits. Exit code 1 unless all is healthy.

    Examples:

      msctl status

      msctl status --json | jq .healthy
    """
    from msctl.orchestrator.status import status as read  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    with wired.access() as access:
        if watch:
            _watch(wired, access, as_json=as_json)
            return
        report = read(wired.engine, access, project)
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        show_status(wired, report)
    if not report.healthy:
        raise typer.Exit(1)


def logs(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SERVICE]...", help="Services, roles or containers.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", "-n", min=0, help="Only the last lines of each container.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only what is newer, e.g. 10m.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what services and platform wrote, as one stream in order of time.

    Examples:

      msctl logs

      msctl logs orders payments -f --since 10m
    """
    from msctl.cli.durations import ago  # noqa: PLC0415
    from msctl.orchestrator.logs import logs as read  # noqa: PLC0415
    from msctl.report.loglines import log_json, log_text  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project.name
    start = ago(since) if since is not None else None
    width = 0
    for line in read(wired.engine, project, names or [], follow=follow, tail=tail, since=start):
        if as_json:
            print(log_json(line.container, line.time.isoformat(), line.stream, line.text), flush=follow)
            continue
        short = line.container.removeprefix(f"{project}-")
        width = max(width, len(short))
        stamp = line.time.astimezone().strftime("%H:%M:%S.%f")[:-3]
        wired.consoles.answer.print(log_text(short, stamp, line.text, width))


def show_status(wired: Context, report: StatusReport) -> None:
    """Print the table on stdout."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.report.status import status_view  # noqa: PLC0415

    wired.consoles.answer.print(status_view(report, datetime.now(UTC)))


def _watch(wired: Context, access: Access, *, as_json: bool) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from rich.live import Live  # noqa: PLC0415

    from msctl.orchestrator.status import status as read  # noqa: PLC0415
    from msctl.report.status import status_view  # noqa: PLC0415

    console = wired.consoles.answer
    if as_json or not console.is_terminal:
        _follow_changes(wired, access, as_json=as_json)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            report = read(wired.engine, access, wired.loaded.project)
            live.update(status_view(report, datetime.now(UTC)), refresh=True)
            time.sleep(_WATCH_INTERVAL)


def _follow_changes(wired: Context, access: Access, *, as_json: bool) -> None:
    from msctl.orchestrator.status import status as read  # noqa: PLC0415

    shown = None
    while True:
        report = read(wired.engine, access, wired.loaded.project)
        if report != shown:
            shown = report
            if as_json:
                print(json.dumps(report.to_json()), flush=True)
            else:
                show_status(wired, report)
        time.sleep(_WATCH_INTERVAL)
