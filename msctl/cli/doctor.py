"""``doctor``."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from msctl.cli.context import Context


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Look at machine, engine and project, and say what to do. Exit code 1 if something must be done.

    Works without a manifest and without an engine; nothing is changed.

    Examples:

      msctl doctor

      msctl doctor --json | jq '.[] | select(.level != "pass")'
    """
    from dataclasses import asdict  # noqa: PLC0415

    from msctl.errors import ManifestInvalid  # noqa: PLC0415
    from msctl.orchestrator.doctor import Finding, Level, examine  # noqa: PLC0415
    from msctl.report.findings import checks_view  # noqa: PLC0415

    wired: Context = context.obj
    project, findings = None, []
    try:
        project = wired.loaded.project
    except ManifestInvalid as exc:
        level: Level = "fail" if exc.problems else "warn"
        remedy = "msctl validate" if exc.problems else exc.hint or "msctl init"
        findings.append(Finding("manifest", level, exc.message, remedy))
    findings = [*examine(lambda: wired.engine, project, os.environ), *findings]
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        rows = ((f.level, f.check, f.found, f.remedy) for f in findings)
        wired.consoles.answer.print(checks_view(rows))
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)
