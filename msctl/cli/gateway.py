"""``gateway serve`` and ``gateway reference``: the gateway alone, without Docker and Consul."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(help="The gateway by itself.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(serve)
    group.command()(reference)
    group.callback()(lambda: None)
    app.add_typer(group, name="gateway")


def serve(
    config: Annotated[Path, typer.Option("--config", help="The gateway's document (YAML or JSON).")],
) -> None:
    """Run the gateway alone from one document: no Docker, no Consul, no manifest.

    Examples:

      msctl gateway reference > gateway.yaml

      msctl gateway serve --config gateway.yaml
    """
    from msctl.gateway import serve as run  # noqa: PLC0415

    raise typer.Exit(run(config))


def reference() -> None:
    """Print the gateway's commented reference document: every key with its default.

    Example:

      msctl gateway reference > gateway.yaml
    """
    from msctl.gateway.reference import reference_text  # noqa: PLC0415

    print(reference_text(), end="")
