"""``init`` and ``scaffold new-service``."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from msctl.cli.asking import ask, needed
from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.scaffold.new_service import Made
    from msctl.scaffold.order import Order
    from msctl.scaffold.templates import Template

Database = Literal["postgres", "mariadb", "redis", "none"]
_DATABASES: tuple[Database, ...] = ("none", "postgres", "mariadb", "redis")
TemplateName = Annotated[
    str, typer.Option("--template", "-t", help="python, fastapi, node, image, or a folder of your own.")
]
DatabaseName = Annotated[Database, typer.Option("--database", "-d", help="A database of its own.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask, not even on a terminal.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    app.command()(init)
    group = typer.Typer(
        help="Write new services from templates.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("new-service")(new_service)
    group.command("templates")(templates)
    app.add_typer(group, name="scaffold")


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where; default: here.")] = Path(),
    project: Annotated[str | None, typer.Option(help="The project's name; default: the folder's.")] = None,
    service: Annotated[str, typer.Option(help="The first service's name.")] = "hello",
    template: TemplateName = "python",
    database: DatabaseName = "none",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The gateway's port; default: a free one from 8080.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Begin a project: a manifest, one service, .gitignore and README. Nothing is overwritten.

    Examples:

      msctl init

      msctl init bank --service accounts --database postgres
    """
    from msctl.scaffold.new_project import free_port, new_project, project_name  # noqa: PLC0415
    from msctl.scaffold.order import Order  # noqa: PLC0415
    from msctl.scaffold.templates import find_template  # noqa: PLC0415

    wired: Context = context.obj
    order = Order(service, template, None if database == "none" else database)
    made = new_project(
        folder,
        project or project_name(folder),
        port or free_port(),
        order,
        find_template(template, Path.cwd()),
        os.environ,
    )
    if as_json:
        answer = {"project": made.name, "folder": str(made.folder), "port": made.port}
        print(json.dumps({**answer, "kept": made.kept, "service": _document(made.service)}, indent=2))
        return
    if wired.quiet:
        return
    say = wired.consoles.messages.print
    say(f"project '{made.name}' in {made.folder}: msctl.yaml, services/{service}")
    for name in made.kept:
        say(f"{name} was there and stays as it is")
    say("next:")
    if folder.resolve() != Path.cwd():
        say(f"  cd {shlex.quote(str(folder))}", markup=False)
    say("  msctl up")
    say(f"  {_curl(f'http://127.0.0.1:{made.port}', made.service)}")


def new_service(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Letters, digits, dashes; asked for on a terminal.")
    ] = None,
    *,
    template: TemplateName = "python",
    database: DatabaseName = "none",
    publishes: Annotated[
        list[str] | None, typer.Option("--publishes", help="Event types, such as order.placed; repeatable.")
    ] = None,
    subscribes: Annotated[
        list[str] | None, typer.Option("--subscribes", help="Patterns, such as 'order.*'; repeatable.")
    ] = None,
    calls: Annotated[list[str] | None, typer.Option("--calls", help="Services it calls; repeatable.")] = None,
    route: Annotated[
        str | None, typer.Option("--route", help="Path at the gateway; default: /api/NAME; none: not routed.")
    ] = None,
    image: Annotated[str | None, typer.Option("--image", help="NAME:TAG, for template image.")] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens.")] = 8000,
    health: Annotated[
        str | None, typer.Option("--health", help="Its health path; default: the template's.")
    ] = None,
    without_tokens: Annotated[
        bool, typer.Option("--open", help="Anybody may call it; default: scopes NAME:read and NAME:write.")
    ] = False,
    no_input: NoInput = False,
    as_json: Json = False,
) -> None:
    """Write a service from a template and add it to msctl.yaml; both or neither, nothing is overwritten.

    Lists can also be written with commas: --publishes order.placed,order.paid.

    Examples:

      msctl scaffold new-service reviews --database postgres --subscribes order.placed

      msctl scaffold new-service web --template image --image nginx:1.27 --port 80
    """
    from msctl.scaffold import new_service as use_case  # noqa: PLC0415
    from msctl.scaffold.order import Order  # noqa: PLC0415
    from msctl.scaffold.templates import find_template  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    if name is None:
        needed("the service's NAME", no_input=no_input)
        name, template, database = _asked(template, database)
    order = Order(
        name,
        template,
        None if database == "none" else database,
        _words(publishes),
        _words(subscribes),
        _words(calls),
        None if route == "none" else route or f"/api/{name}",
        image,
        port,
        health,
        tokens=not without_tokens,
    )
    found = find_template(template, Path.cwd())
    made = use_case.new_service(order, found, wired.manifest, project, os.environ)
    if as_json:
        print(json.dumps(_document(made), indent=2))
    elif not wired.quiet:
        _tell(wired, made, found)


def templates(context: typer.Context, as_json: Json = False) -> None:
    """List the templates that come with msctl.

    Example:

      msctl scaffold templates
    """
    from msctl.scaffold.templates import SHIPPED, shipped  # noqa: PLC0415

    wired: Context = context.obj
    found = [shipped(name) for name in SHIPPED]
    if as_json:
        keys = ("name", "description", "databases", "events")
        print(json.dumps([{key: getattr(one, key) for key in keys} for one in found], indent=2))
        return
    for one in found:
        wired.consoles.answer.print(f"{one.name:<8} {one.description}")


def _asked(template: str, database: Database) -> tuple[str, str, Database]:
    from msctl.scaffold.templates import SHIPPED  # noqa: PLC0415

    name = ask("Name of the service")
    template = ask("Template", default=template, choices=[one for one in SHIPPED if one != "image"])
    chosen = ask("Database", default=database, choices=_DATABASES)
    return name, template, next(one for one in _DATABASES if one == chosen)


def _curl(gateway: str, made: Made) -> str:
    token = '-H "Authorization: Bearer $(msctl token issue)" ' if made.order.scopes else ""
    return f"curl -s {token}{gateway}{made.order.route}"


def _words(given: list[str] | None) -> tuple[str, ...]:
    return tuple(word.strip() for text in given or () for word in text.split(",") if word.strip())


def _document(made: Made) -> dict[str, object]:
    order: Order = made.order
    keys = ("name", "template", "database", "publishes", "subscribes", "calls")
    told = {key: getattr(order, key) for key in keys}
    return {**told, "folder": str(made.folder), "files": made.files, "routes": made.routes}


def _tell(wired: Context, made: Made, template: Template) -> None:
    say = wired.consoles.messages.print
    folder = f"services/{made.order.name}"
    say(f"service '{made.order.name}' in {folder} ({len(made.files)} files), added to {wired.manifest.name}")
    say("next:")
    if template.test is not None:
        say(f"  (cd {folder} && {template.test})")
    say("  msctl up")
    if made.order.route is not None:
        say(f"  {_curl(wired.loaded.project.gateway.public_url, made)}")
