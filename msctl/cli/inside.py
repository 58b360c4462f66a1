"""``exec`` and ``run``: commands in a service's container, or in one made for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.orchestrator.one_off import Attached

Words = Annotated[
    list[str], typer.Argument(metavar="COMMAND", help="The command and its arguments, after '--'.")
]
_REMEDY = "install Docker's command line"


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command("exec")(execute)
    app.command()(run)


def execute(
    context: typer.Context,
    service: Annotated[
        str,
        typer.Argument(metavar="SERVICE", help="A service, a role or a container.", autocompletion=services),
    ],
    command: Words,
    instance: Annotated[
        str | None,
        typer.Option("--instance", "-i", metavar="NUMBER", help="Which one; default: the first."),
    ] = None,
) -> None:
    """Run a command in a running container; its exit code is passed on.

    On a terminal the command gets one, otherwise stdin and stdout as they are.

    Examples:

      msctl exec orders -- sh

      msctl exec orders -i 2 -- ls -l /run/secrets

      msctl exec registry -- consul members
    """
    from msctl.cli.terminal import become, docker_command, on_terminal  # noqa: PLC0415
    from msctl.orchestrator.one_off import running_instance  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    observed = wired.engine.observe(project.name)
    chosen = running_instance(observed, service, instance)
    flags = ["--interactive", "--tty"] if on_terminal() else ["--interactive"]
    become(docker_command(_REMEDY), ["exec", *flags, chosen.id, *command])


def run(
    context: typer.Context,
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE", help="The service whose container it resembles.", autocompletion=services
        ),
    ],
    command: Words,
) -> None:
    """Run a command in a container of its own; it is removed afterwards, its exit code is passed on.

    The container has the service's image, environment, secrets and networks; no call goes to it.

    Examples:

      msctl run orders -- python -m orders.repair

      msctl run orders -- sh
    """
    from secrets import token_hex  # noqa: PLC0415

    from msctl.cli.terminal import accompany, docker_command, on_terminal  # noqa: PLC0415
    from msctl.engine.port import Identity  # noqa: PLC0415
    from msctl.orchestrator.one_off import prepare  # noqa: PLC0415
    from msctl.orchestrator.up import Up  # noqa: PLC0415

    wired: Context = context.obj
    project, engine = wired.loaded.project, wired.engine
    docker = docker_command(_REMEDY)
    attached: Attached = "terminal" if on_terminal() else "pipe"
    with wired.target(None).lock("run"), wired.progress(as_json=False) as sink:
        maker = Up(engine, wired.images, wired.workspace, sink, timeout=0.0)
        spec = prepare(maker, project, service, command, attached, token_hex(3))
    try:
        code = accompany(docker, ["start", "--attach", "--interactive", spec.name])
    finally:
        engine.remove_container(Identity(project.name, wired.workspace.origin), spec.name)
    raise typer.Exit(code)
