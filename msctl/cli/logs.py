"""``logs``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context
from msctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msctl.orchestrator.access import Access
    from msctl.orchestrator.stored_logs import StoredLogs
    from msctl.telemetry.loglines.record import LogRecord, Wanted


def add_to(app: typer.Typer) -> None:
    """Register the command of this module."""
    app.command()(logs)


def logs(  # noqa: PLR0917 - options
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...",
            help="Services, roles or containers; default: all.",
            autocompletion=services,
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[
        int | None, typer.Option("--tail", "-n", min=0, help="Only the last of each container.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="What is newer: 10m, or a time.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="What is older.")] = None,
    level: Annotated[str | None, typer.Option("--level", "-l", help="This level or worse.")] = None,
    grep: Annotated[
        str | None, typer.Option("--grep", "-g", help="With these words; /…/ is an expression.")
    ] = None,
    trace: Annotated[str | None, typer.Option("--trace", help="Of this trace id, or its beginning.")] = None,
    instance: Annotated[int | None, typer.Option("--instance", help="Of this instance.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what services and platform wrote, as one stream in order of time.

    JSON, logfmt and plain lines are understood; a traceback stays together; secrets are taken out.

    Examples:

      msctl logs

      msctl logs orders payments -f --since 10m

      msctl logs --level warning --grep "connection refused"

      msctl logs --trace 4bf92f3577b34da6 --json
    """
    from msctl.orchestrator.known_secrets import known_secrets  # noqa: PLC0415
    from msctl.orchestrator.logs import logs as read  # noqa: PLC0415
    from msctl.telemetry.loglines.redaction import Redactor  # noqa: PLC0415

    wired: Context = context.obj
    wanted = _wanted(since, until, level, grep, trace, instance)
    if follow and until is not None:
        raise UsageError("--follow goes on for ever and --until ends it", "use one of them")
    project = wired.loaded.project
    redactor = Redactor(known_secrets(wired.workspace, project))
    with wired.access() as access:
        records = read(
            wired.engine,
            project.name,
            names or [],
            wanted=wanted,
            redactor=redactor,
            stored=stored_logs(wired, access),
            follow=follow,
            tail=tail,
        )
        show_records(wired, records, as_json=as_json, flush=follow)


def show_records(wired: Context, records: Iterable[LogRecord], *, as_json: bool, flush: bool) -> None:
    """Print records on stdout as they come."""
    from msctl.report.loglines import log_text  # noqa: PLC0415
    from msctl.telemetry.loglines.harmless import json_line  # noqa: PLC0415

    prefix = f"{wired.loaded.project.name}-"
    width = 0
    for record in records:
        if as_json:
            print(json_line(record.to_json()), flush=flush)
            continue
        if not record.text.strip():
            continue  # a banner's spacing
        short = record.container.removeprefix(prefix)
        width = max(width, len(short))
        wired.consoles.answer.print(log_text(record, short, width))


def stored_logs(wired: Context, access: Access) -> StoredLogs:
    """What the observer has; nothing when it is away: the engine has the newest lines in any case."""
    from msctl.errors import MsctlError  # noqa: PLC0415
    from msctl.orchestrator.observer import observer_if_there  # noqa: PLC0415
    from msctl.orchestrator.observer_library import ObserverLibrary  # noqa: PLC0415
    from msctl.orchestrator.stored_logs import StoredLogs  # noqa: PLC0415

    observer = observer_if_there(access, wired.workspace)
    try:
        return StoredLogs() if observer is None else StoredLogs.of(ObserverLibrary(observer))
    except MsctlError:
        return StoredLogs()


def _wanted(
    since: str | None,
    until: str | None,
    level: str | None,
    grep: str | None,
    trace: str | None,
    instance: int | None,
) -> Wanted:
    from msctl.cli.durations import moment  # noqa: PLC0415
    from msctl.telemetry.loglines.record import Wanted  # noqa: PLC0415

    try:
        return Wanted(
            since=None if since is None else moment(since),
            until=None if until is None else moment(until),
            level=None if level is None else _level(level),
            words=grep,
            trace=None if trace is None else trace.lower(),
            instance=instance,
        )
    except re.error as exc:
        raise UsageError(
            f"--grep {grep}: no regular expression: {exc}", "write words, or an expression between slashes"
        ) from exc


def _level(text: str) -> str:
    from msctl.telemetry.loglines.levels import LEVELS, level_named  # noqa: PLC0415

    found = level_named(text)
    if found is None:
        raise UsageError(f"--level: there is no level '{text}'", f"there are: {', '.join(LEVELS)}")
    return found
