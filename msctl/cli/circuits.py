"""``circuits``, ``circuits trip`` and ``circuits reset``."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context
from msctl.cli.standalone import Config, SecretFile, admin_of

if TYPE_CHECKING:
    from msctl.orchestrator.admin import AdminAccess

Callee = Annotated[
    str, typer.Argument(metavar="SERVICE", help="The called service.", autocompletion=services)
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="Circuit breakers: show them, open or close one by hand.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(show)
    group.command()(trip)
    group.command()(reset)
    app.add_typer(group, name="circuits")


def show(context: typer.Context, as_json: Json = False, config: Config = None) -> None:
    """Show every circuit: state, failures, cause and countdown.

    Examples:

      msctl circuits

      msctl circuits trip orders

      msctl circuits --config gateway.yaml
    """
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.orchestrator.admin import read_circuits  # noqa: PLC0415
    from msctl.orchestrator.status import circuit_status  # noqa: PLC0415
    from msctl.report.status import circuits_view  # noqa: PLC0415

    wired: Context = context.obj
    with _admin(wired, config) as access:
        found = read_circuits(access)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        circuits = tuple(circuit_status(values) for values in found)
        wired.consoles.answer.print(circuits_view(circuits, datetime.now(UTC)))


def trip(
    context: typer.Context, service: Callee, config: Config = None, secret_file: SecretFile = None
) -> None:
    """Open the circuit towards a service: calls fail at once for the circuit's 'wait', then it tries again.

    Example:

      msctl circuits trip orders
    """
    _set(context.obj, service, "trip", "open", _admin(context.obj, config, secret_file))


def reset(
    context: typer.Context, service: Callee, config: Config = None, secret_file: SecretFile = None
) -> None:
    """Close the circuit towards a service and forget what it had counted.

    Example:

      msctl circuits reset orders
    """
    _set(context.obj, service, "reset", "closed", _admin(context.obj, config, secret_file))


def _admin(
    wired: Context, config: Path | None, secret_file: Path | None = None
) -> AbstractContextManager[AdminAccess]:
    if config is not None:
        return nullcontext(admin_of(config, secret_file))
    if secret_file is not None:
        raise typer.BadParameter("--secret-file goes with --config")
    return wired.access()


def _set(
    wired: Context, service: str, action: str, state: str, admin: AbstractContextManager[AdminAccess]
) -> None:
    from msctl.orchestrator.admin import set_circuit  # noqa: PLC0415

    with admin as access:
        set_circuit(access, service, action)
    if not wired.quiet:
        wired.consoles.messages.print(f"circuit gateway → {service} is {state}")
