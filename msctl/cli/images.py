"""``images list``, ``images get`` and ``images build``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from msctl.cli.context import Context
from msctl.cli.lifecycle import Json

Roles = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ROLE]...", help="Roles, such as broker or postgres; default: all."),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="Images of the platform: which there are, get them, build them.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list")(list_images)
    group.command("get")(get)
    group.command("build")(build)
    app.add_typer(group, name="images")


def list_images(context: typer.Context, as_json: Json = False) -> None:
    """Show which image serves each role, and which are missing.

    Example:

      msctl images list
    """
    from msctl.engine.images.roles import ROLES, Wanted  # noqa: PLC0415
    from msctl.report.images import images_view  # noqa: PLC0415

    wired: Context = context.obj
    found = {role: wired.images.serving(Wanted(role)) for role in ROLES}
    rows = [(role, c.reference if c else None, c.kind if c else None) for role, c in found.items()]
    if as_json:
        keys = ("role", "reference", "kind")
        print(json.dumps([dict(zip(keys, row, strict=True)) for row in rows], indent=2))
    else:
        wired.consoles.answer.print(images_view(rows))


def get(context: typer.Context, roles: Roles = None, as_json: Json = False) -> None:
    """Get images: use what is present, else pull the official one, else build from our recipe.

    Examples:

      msctl images get

      msctl images get broker postgres
    """
    _ensure(context.obj, roles, "auto", as_json=as_json)


def build(context: typer.Context, roles: Roles = None, as_json: Json = False) -> None:
    """Build images from our recipes, without an image registry.

    Example:

      msctl images build runtime
    """
    _ensure(context.obj, roles, "build", as_json=as_json)


def _log_folder() -> Path:
    """Images belong to the machine, not to a project, and so do the logs of building them."""
    from msctl.engine.images.cache import cache_folder  # noqa: PLC0415

    return cache_folder(os.environ) / "logs"


def _ensure(wired: Context, roles: list[str] | None, policy: str, *, as_json: bool) -> None:
    from msctl.cli.interruption import telling_interruption  # noqa: PLC0415
    from msctl.engine.images.roles import ROLES, Wanted  # noqa: PLC0415
    from msctl.errors import UsageError  # noqa: PLC0415

    for role in roles or ():
        if role not in ROLES:
            raise UsageError(f"there is no role '{role}'", f"there are: {', '.join(ROLES)}")
    with (
        telling_interruption("images that were finished stay", "run the same command to continue"),
        wired.progress(as_json=as_json) as sink,
    ):
        choices = wired.images.ensure(
            [Wanted(role) for role in roles or ROLES],
            "build" if policy == "build" else "auto",
            sink,
            _log_folder(),
        )
    if as_json:
        print(
            json.dumps(
                [{"role": c.role, "reference": c.reference, "kind": c.kind} for c in choices], indent=2
            )
        )
    else:
        for choice in choices:
            wired.consoles.answer.print(f"{choice.role}: {choice.reference} ({choice.kind})")
