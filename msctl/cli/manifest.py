"""``validate``, ``schema``, ``manifest reference`` and ``version``."""

from __future__ import annotations

import json
from collections.abc import Sized
from typing import TYPE_CHECKING, Annotated

import typer

import msctl
from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.model.problem import ManifestProblem


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(validate)
    app.command()(schema)
    app.command()(version)
    group = typer.Typer(help="About the manifest.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(reference)
    app.add_typer(group, name="manifest")


def validate(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Check the manifest and the schemas of events, and report every problem; nothing is started.

    Where the project runs, schemas are also compared with those of what runs.

    Examples:

      msctl validate

      msctl -f other.yaml validate --json
    """
    from dataclasses import asdict  # noqa: PLC0415

    from msctl.errors import ManifestInvalid  # noqa: PLC0415
    from msctl.report.cards import show_warnings  # noqa: PLC0415

    wired: Context = context.obj
    try:
        loaded = wired.loaded
        odd = _schema_warnings(wired)
    except ManifestInvalid as exc:
        if not as_json or not exc.problems:
            raise
        print(json.dumps({"valid": False, "errors": [asdict(p) for p in exc.problems], "warnings": []}))
        raise typer.Exit(exc.exit_code) from exc
    findings = (*loaded.warnings, *odd, *loaded.unused)
    if as_json:
        print(json.dumps({"valid": True, "errors": [], "warnings": [asdict(p) for p in findings]}))
        return
    show_warnings(wired.consoles.messages, findings)
    project = loaded.project
    if not wired.quiet:
        sizes = [_counted(project.services, "service"), _counted(project.gateway.routes, "route")]
        wired.consoles.answer.print(f"valid: project '{project.name}', {', '.join(sizes)}")


def _counted(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


def _schema_warnings(wired: Context) -> tuple[ManifestProblem, ...]:
    """What is odd about the schemas of events; raises ``ManifestInvalid`` for what is wrong."""
    from msctl.errors import EngineError  # noqa: PLC0415
    from msctl.orchestrator.event_schemas import event_schemas, require_compatible, running_schemas  # noqa: PLC0415

    project = wired.loaded.project
    schemas = event_schemas(project)
    schemas.require_valid()
    if project.uses_broker:
        try:
            observed = wired.engine.observe(project.name)
        except EngineError as exc:
            if schemas.by_service:
                wired.consoles.messages.print(f"schemas were not compared with what runs: {exc.message}")
        else:
            require_compatible(project, schemas, running_schemas(observed))
    return schemas.warnings


def schema() -> None:
    """Print the manifest's JSON Schema (2020-12), for editors and checks.

    Example:

      msctl schema > msctl.schema.json
    """
    from msctl.manifest.json_schema import schema as build  # noqa: PLC0415

    print(json.dumps(build(), indent=2))


def reference() -> None:
    """Print the commented reference manifest: every key with its default.

    Example:

      msctl manifest reference | less
    """
    from msctl.manifest.reference import reference_text  # noqa: PLC0415

    print(reference_text(), end="")


def version(
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Print msctl's version.

    Example:

      msctl version --json
    """
    print(json.dumps({"version": msctl.__version__}) if as_json else f"msctl {msctl.__version__}")
