"""``status``, once or live."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import Context
from msctl.errors import MsctlError

if TYPE_CHECKING:
    from datetime import datetime

    from msctl.model.status import StatusReport
    from msctl.orchestrator.access import Access

_WATCH_INTERVAL = 0.5


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(status)


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

      msctl status --watch

      msctl --plain status --watch

      msctl status --json | jq .healthy
    """
    wired: Context = context.obj
    with wired.access() as access:
        if watch:
            _watch(wired, access, as_json=as_json)
            return
        report = _read(wired, access)
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        show_status(wired, report)
    if not report.healthy:
        raise typer.Exit(1)


def show_status(wired: Context, report: StatusReport) -> None:
    """Print the table on stdout."""
    from msctl.report.status import status_view  # noqa: PLC0415

    wired.consoles.answer.print(status_view(report, _now()))


def _watch(wired: Context, access: Access, *, as_json: bool) -> None:
    from rich.live import Live  # noqa: PLC0415

    from msctl.report.watch import live_view  # noqa: PLC0415

    console = wired.consoles.answer
    if as_json or wired.plain or not console.is_terminal:
        _follow_changes(wired, access, as_json=as_json)
        return
    report, trouble = _read(wired, access), ""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(live_view(report, _now(), console, trouble), refresh=True)
            time.sleep(_WATCH_INTERVAL)
            try:
                report, trouble = _read(wired, access), ""
            except MsctlError as exc:
                trouble = f"as it was before: {exc.message}"


def _follow_changes(wired: Context, access: Access, *, as_json: bool) -> None:
    """The whole once, then what changes: the whole again as JSON, or a sentence for each change."""
    from msctl.report.watch import changes  # noqa: PLC0415

    shown: StatusReport | None = None
    while True:
        report = _read(wired, access)
        if as_json and report != shown:
            print(json.dumps(report.to_json()), flush=True)
        elif not as_json and shown is None:
            show_status(wired, report)
        elif not as_json and shown is not None:
            for sentence in changes(shown, report):
                print(f"{_now().astimezone():%H:%M:%S} {sentence}", flush=True)
        shown = report
        time.sleep(_WATCH_INTERVAL)


def _read(wired: Context, access: Access) -> StatusReport:
    from dataclasses import replace  # noqa: PLC0415

    from msctl.orchestrator.journal import last_setback  # noqa: PLC0415
    from msctl.orchestrator.status import status as read  # noqa: PLC0415

    report = read(wired.engine, access, wired.loaded.project)
    setback = last_setback(wired.workspace)
    return report if setback is None else replace(report, notes=(*report.notes, setback))


def _now() -> datetime:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.now(UTC)
