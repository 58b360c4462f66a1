"""``scale``, ``restart``, ``stop``, ``start`` and ``wait``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import SCALE, Context

if TYPE_CHECKING:
    from msctl.orchestrator.operate import Verb

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON; progress as JSON lines on stderr.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Services, roles or containers; default: all services."),
]
Timeout = Annotated[str, typer.Option(help="How long each part may take to become healthy, e.g. 90s or 2m.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(scale)
    app.command()(restart)
    app.command()(stop)
    app.command()(start)
    app.command()(wait)


def scale(
    context: typer.Context,
    wanted: Annotated[list[str], typer.Argument(metavar="SERVICE=NUMBER", help="How many of each.")],
    as_json: Json = False,
    timeout: Timeout = "2m",
) -> None:
    """Run more or fewer instances of services; the highest numbers go.

    The number holds until the manifest's own changes or another 'scale'.

    Examples:

      msctl scale orders=4

      msctl scale orders=1 payments=3
    """
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.cli.lifecycle import bring_up  # noqa: PLC0415
    from msctl.plan import scaling  # noqa: PLC0415

    wired: Context = context.obj
    declared = wired.declared
    numbers = scaling.parse(wanted, declared.project)
    patience = seconds(timeout)
    wired.require_engine()
    with wired.target(None).lock("scale"):
        kept = wired.workspace.read(SCALE)
        wired.workspace.write(SCALE, scaling.remembered(kept, numbers, declared.project))
        wired.forget_manifest()
        command = f"scale {' '.join(wanted)}"
        bring_up(wired, command, as_json=as_json, timeout=patience, only=frozenset(numbers))


def restart(
    context: typer.Context, names: Names = None, as_json: Json = False, timeout: Timeout = "2m"
) -> None:
    """Stop and start containers as they are, the instances of a service one after the other.

    Examples:

      msctl restart orders

      msctl restart gateway
    """
    _operate(context, "restart", names, as_json=as_json, timeout=timeout)


def stop(context: typer.Context, names: Names = None, as_json: Json = False) -> None:
    """Stop containers and keep them; they stay down until 'start' or 'up'.

    Examples:

      msctl stop orders

      msctl stop shop-orders-2
    """
    _operate(context, "stop", names, as_json=as_json, timeout="2m")


def start(
    context: typer.Context, names: Names = None, as_json: Json = False, timeout: Timeout = "2m"
) -> None:
    """Start stopped containers and wait until they are healthy and in rotation.

    Example:

      msctl start orders
    """
    _operate(context, "start", names, as_json=as_json, timeout=timeout)


def wait(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SERVICE]...", help="Only these; default: all.")
    ] = None,
    timeout: Annotated[str, typer.Option(help="How long to wait, e.g. 90s or 2m.")] = "2m",
) -> None:
    """Wait until services are healthy; exit code 1 if they are not in time.

    Examples:

      msctl wait

      msctl wait orders --timeout 30s
    """
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.cli.observe import show_status  # noqa: PLC0415
    from msctl.orchestrator.waiting import wait_healthy  # noqa: PLC0415

    wired: Context = context.obj
    patience = seconds(timeout)
    with wired.access() as access:
        well, report = wait_healthy(wired.engine, access, wired.loaded.project, names or (), patience)
    if not well:
        show_status(wired, report)
        raise typer.Exit(1)


def _operate(
    context: typer.Context, verb: Verb, names: list[str] | None, *, as_json: bool, timeout: str
) -> None:
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.cli.interruption import telling_interruption  # noqa: PLC0415
    from msctl.engine.port import Identity  # noqa: PLC0415
    from msctl.orchestrator.journal import recorded  # noqa: PLC0415
    from msctl.orchestrator.operate import Operate  # noqa: PLC0415
    from msctl.orchestrator.target import graces_of  # noqa: PLC0415

    wired: Context = context.obj
    patience = seconds(timeout)
    project = wired.loaded.project
    identity = Identity(project.name, wired.workspace.origin)
    words = " ".join((verb, *(names or ())))
    with (
        wired.target(None).lock(verb),
        recorded(wired.workspace, words, project.revision, wired.tell_history) as record,
        telling_interruption("what was done so far stays", "run the same command to continue"),
        wired.access() as access,
        wired.progress(as_json=as_json) as sink,
    ):
        graces = graces_of(project)
        record.changed = Operate(wired.engine, access, identity, sink, patience, graces).run(
            verb, names or ()
        )
    if as_json:
        print(json.dumps({"changed": list(record.changed)}))
    elif not record.changed and not wired.quiet:
        wired.consoles.messages.print("nothing to do")
