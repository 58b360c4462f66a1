"""``conformance``."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context

_WORDS: tuple[tuple[Literal["pass", "fail", "warn", "skip"], str], ...] = (
    ("pass", "hold"),
    ("fail", "fail"),
    ("warn", "could be better"),
    ("skip", "do not apply"),
)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(conformance)


def conformance(
    context: typer.Context,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="The service to examine.", autocompletion=services)
    ],
    events: Annotated[
        bool, typer.Option("--events", help="Also publish one event that it subscribes to, twice.")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Also stop one instance under requests; it comes back.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Examine a running service in any language from outside. Exit code 1 if a check fails.

    About fifty checks: probes, HTTP, container, telemetry, registry, events, stopping. A '!' is what a
    service should do and may leave, a '–' what does not apply to it.

    Examples:

      msctl conformance orders

      msctl conformance orders --events --stop --json
    """
    from collections import Counter  # noqa: PLC0415
    from dataclasses import asdict  # noqa: PLC0415

    from msctl.orchestrator.conformance import examine  # noqa: PLC0415
    from msctl.orchestrator.conformance.exam import Exam  # noqa: PLC0415
    from msctl.orchestrator.known_secrets import known_secrets  # noqa: PLC0415
    from msctl.report.findings import checks_view  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    secrets = known_secrets(wired.workspace, project)
    with wired.access() as access:
        found = examine(wired.engine, access, project, service, Exam(events, stop), secrets)
    if as_json:
        print(json.dumps([asdict(verdict) for verdict in found], indent=2))
    else:
        wired.consoles.answer.print(checks_view((v.level, v.check, v.found, None) for v in found))
        counts = Counter(verdict.level for verdict in found)
        told = [f"{counts[level]} {words}" for level, words in _WORDS if counts[level]]
        wired.consoles.answer.print(", ".join(told))
    if any(verdict.level == "fail" for verdict in found):
        raise typer.Exit(1)
