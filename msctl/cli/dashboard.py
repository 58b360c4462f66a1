"""``dashboard`` and ``top``: what the observer shows, on a page and in the terminal."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msctl.cli.context import Context
from msctl.errors import MsctlError

if TYPE_CHECKING:
    from msctl.orchestrator.observer import Observer

_INTERVAL = 2.0


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(dashboard)
    app.command()(top)


def dashboard(
    context: typer.Context,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Open the page of the running project: services, circuits, traffic, logs, history.

    The address is good once and for two minutes; the page is served on this machine's loopback only.

    Examples:

      msctl dashboard

      msctl dashboard --no-open
    """
    import webbrowser  # noqa: PLC0415

    from msctl.orchestrator.observer import open_observer  # noqa: PLC0415

    wired: Context = context.obj
    with wired.access() as access:
        observer = open_observer(access, wired.workspace)
        ticket = observer.ask("POST", "/-/tickets")["ticket"]
        address = f"{observer.url}/?ticket={ticket}"
        print(json.dumps({"url": address}) if as_json else address, flush=True)
        if not (no_open or as_json) and wired.consoles.answer.is_terminal:
            webbrowser.open(address)
        if not wired.engine.local:
            wired.consoles.messages.print("the engine is remote: the address works until Ctrl-C")
            while True:
                time.sleep(_INTERVAL)


def top(
    context: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Show traffic of each service: requests, errors, times to answer, CPU, memory.

    Examples:

      msctl top

      msctl top --watch

      msctl top --json
    """
    from msctl.orchestrator.observer import open_observer  # noqa: PLC0415

    wired: Context = context.obj
    with wired.access() as access:
        observer = open_observer(access, wired.workspace)
        if watch and wired.consoles.answer.is_terminal and not (wired.plain or as_json):
            _live(wired, observer)
        while True:
            _show(wired, observer.ask("GET", "/-/overview"), as_json=as_json)
            if not watch:
                return
            time.sleep(_INTERVAL)


def _show(wired: Context, overview: dict[str, Any], *, as_json: bool) -> None:
    from msctl.report.top import top_view  # noqa: PLC0415
    from msctl.telemetry.loglines.harmless import json_line  # noqa: PLC0415

    if as_json:
        print(json_line(overview), flush=True)
    else:
        wired.consoles.answer.print(top_view(overview))


def _live(wired: Context, observer: Observer) -> None:
    from rich.console import Group  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from msctl.report.top import top_view  # noqa: PLC0415

    foot = Text("Ctrl-C ends", "dim")
    view = top_view(observer.ask("GET", "/-/overview"))
    with Live(console=wired.consoles.answer, screen=True, auto_refresh=False) as live:
        while True:
            live.update(Group(view, foot), refresh=True)
            time.sleep(_INTERVAL)
            try:
                view, foot = top_view(observer.ask("GET", "/-/overview")), Text("Ctrl-C ends", "dim")
            except MsctlError as exc:
                foot = Text(f"as it was before: {exc.message}", "yellow")
