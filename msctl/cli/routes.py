"""``routes`` and ``routes match``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli.context import Context
from msctl.cli.standalone import Config, routes_of

if TYPE_CHECKING:
    from msctl.model.project import Route

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="The gateway's routes: the table, and which of them answers a request.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(show)
    group.command()(match)
    app.add_typer(group, name="routes")


def show(context: typer.Context, as_json: Json = False, config: Config = None) -> None:
    """Show the manifest's routes in their order.

    Examples:

      msctl routes

      msctl routes match GET /api/orders/7

      msctl routes --config gateway.yaml
    """
    if context.invoked_subcommand is not None:
        return
    from msctl.report.routes import route_row, routes_view  # noqa: PLC0415

    wired: Context = context.obj
    rows = [route_row(route) for route in _routes(wired, config)]
    if as_json:
        print(json.dumps([dict(row) for row in rows], indent=2))
    else:
        wired.consoles.answer.print(routes_view(rows))


def match(
    context: typer.Context,
    method: Annotated[str, typer.Argument(help="GET, POST, …")],
    target: Annotated[str, typer.Argument(help="Path and query, as a client would send it.")],
    host: Annotated[str, typer.Option("--host", help="The request's Host.")] = "localhost",
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="'Name: value', repeatable.")
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Say which route answers a request, and why; nothing is sent. Exit code 1 if none does.

    Examples:

      msctl routes match GET /api/orders/7

      msctl routes match POST /api/orders -H 'X-Beta: yes'
    """
    from msctl.gateway.match import match_explained  # noqa: PLC0415
    from msctl.report.routes import match_json, match_view  # noqa: PLC0415

    wired: Context = context.obj
    found = match_explained(_routes(wired, config), method.upper(), target, host, _headers(header or []))
    if as_json:
        print(json.dumps(match_json(found), indent=2))
    else:
        wired.consoles.answer.print(match_view(found))
    if found.status is not None:
        raise typer.Exit(1)


def _routes(wired: Context, config: Path | None) -> tuple[Route, ...]:
    return routes_of(config) if config is not None else wired.loaded.project.gateway.routes


def _headers(given: list[str]) -> dict[str, str]:
    from msctl.errors import UsageError  # noqa: PLC0415

    headers = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"'{text}' is no header", "write 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers
