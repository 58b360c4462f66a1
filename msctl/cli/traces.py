"""``trace``: requests on their way through gateway, services and events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import Context
from msctl.cli.logs import stored_logs
from msctl.errors import MsctlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msctl.telemetry.loglines.record import LogRecord, Wanted

_LOOKED_AT = 3000
_SHORTEST_ID = 4


def add_to(app: typer.Typer) -> None:
    """Register the command of this module."""
    app.command()(trace)


def trace(
    context: typer.Context,
    trace_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A trace id or its beginning.")
    ] = None,
    slowest: Annotated[bool, typer.Option("--slowest", help="The slowest of the last ones.")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="Those that failed.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many to list.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Draw one request's way through gateway, services and events, or list the last ones.

    Examples:

      msctl trace

      msctl trace --slowest

      msctl trace --errors --json

      msctl trace 4bf92f3577b34da6
    """
    from msctl.report.traces import traces_view, waterfall  # noqa: PLC0415
    from msctl.telemetry.loglines.record import Wanted  # noqa: PLC0415
    from msctl.telemetry.loglines.traces import traces  # noqa: PLC0415

    wired: Context = context.obj
    if trace_id is not None:
        if len(trace_id) < _SHORTEST_ID:
            raise UsageError(f"'{trace_id}' is too short for a trace id", "'msctl trace' lists the last ones")
        wanted = Wanted(trace=trace_id.lower(), spans=True)
        found = traces(_records(wired, wanted, None), rows=True)
        if not found:
            raise MsctlError(f"nothing is known of trace '{trace_id}'", "'msctl trace' lists the last ones")
        for one in found:
            if as_json:
                print(json.dumps(one.to_json(), indent=2, default=str))
            else:
                wired.consoles.answer.print(waterfall(one, wired.consoles.answer.width))
        return
    listed = traces(_records(wired, Wanted(words="span_id", spans=True), _LOOKED_AT))
    listed = [one for one in listed if one.failed] if errors else listed
    shown = sorted(listed, key=lambda one: -one.duration)[:count] if slowest else listed[-count:]
    if as_json:
        print(json.dumps([one.to_json() for one in shown], indent=2))
    elif not shown:
        wired.consoles.messages.print("no request failed yet" if errors else "no request was traced yet")
    else:
        wired.consoles.answer.print(traces_view(shown))


def _records(wired: Context, wanted: Wanted, tail: int | None) -> Iterator[LogRecord]:
    from msctl.orchestrator.known_secrets import known_secrets  # noqa: PLC0415
    from msctl.orchestrator.logs import logs  # noqa: PLC0415
    from msctl.telemetry.loglines.redaction import Redactor  # noqa: PLC0415

    project = wired.loaded.project
    redactor = Redactor(known_secrets(wired.workspace, project))
    with wired.access() as access:
        yield from logs(
            wired.engine,
            project.name,
            [],
            wanted=wanted,
            redactor=redactor,
            stored=stored_logs(wired, access),
            tail=tail,
        )
