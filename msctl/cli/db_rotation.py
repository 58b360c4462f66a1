"""``db rotate``."""

from __future__ import annotations

from typing import Annotated

import typer

from msctl.cli.completion import services
from msctl.cli.context import Context


def rotate(
    context: typer.Context,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="The service that owns it.", autocompletion=services)
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON; progress as JSON lines on stderr.")
    ] = False,
    timeout: Annotated[str, typer.Option(help="How long each part may take to become healthy.")] = "2m",
) -> None:
    """Give a database a new password while its service serves; the old one is refused afterwards.

    Both are valid until every instance has been replaced by one with the new password, one after the other.
    If it is interrupted, run it again or 'msctl up'.

    Example:

      msctl db rotate orders
    """
    from msctl.cli.durations import seconds  # noqa: PLC0415
    from msctl.cli.lifecycle import bring_up  # noqa: PLC0415
    from msctl.events import NullSink  # noqa: PLC0415
    from msctl.orchestrator.databases.rotating import begin_rotation, telling_both_are_valid  # noqa: PLC0415
    from msctl.orchestrator.foreseen import ForeseenImages  # noqa: PLC0415
    from msctl.orchestrator.up import Up  # noqa: PLC0415

    wired: Context = context.obj
    patience, only, project = seconds(timeout), frozenset({service}), wired.loaded.project
    images = ForeseenImages(wired.images, {})
    up = Up(wired.engine, images, wired.workspace, NullSink(), timeout=0.0, only=only)
    say = wired.consoles.messages.print
    with wired.target(None).lock("db rotate"):
        if not begin_rotation(up, project, service) and not wired.quiet and not as_json:
            say("finishing a rotation that was interrupted")
        with telling_both_are_valid(up, service):
            bring_up(wired, f"db rotate {service}", as_json=as_json, timeout=patience, only=only, keep=False)
    if not wired.quiet and not as_json:
        say(f"'{service}' has a new password for its database; the old one is refused now")
