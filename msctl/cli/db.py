"""``db``: shell, url, status, migrate, seed, backup, restore, clone; ``rotate`` is in a module of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msctl.cli.completion import services
from msctl.cli.confirm import confirm
from msctl.cli.context import Context
from msctl.cli.db_rotation import rotate

if TYPE_CHECKING:
    from msctl.orchestrator.databases.place import Place

ServiceName = Annotated[
    str, typer.Argument(metavar="SERVICE", help="The service that owns it.", autocompletion=services)
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before data is replaced.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="The services' own databases: look into them, back them up, bring them back.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for command in (shell, url, status, migrate, seed, backup, restore, clone, rotate):
        group.command()(command)
    app.add_typer(group, name="db")


def shell(
    context: typer.Context,
    service: ServiceName,
    statement: Annotated[
        str | None, typer.Option("--command", "-c", help="Run this and end; default: ask, or read stdin.")
    ] = None,
) -> None:
    """Open the database's own shell: psql, mariadb or redis-cli; statements may also come on stdin.

    Examples:

      msctl db shell orders

      msctl db shell orders -c 'SELECT count(*) FROM orders'

      msctl db shell notifications < commands.txt
    """
    from msctl.orchestrator.databases.transfer import feed  # noqa: PLC0415
    from msctl.telemetry.loglines.harmless import harmless  # noqa: PLC0415

    wired: Context = context.obj
    place = _place(wired, service)
    if statement is None and sys.stdin.isatty():
        _interactive(place)
    given = statement.encode() + b"\n" if statement is not None else sys.stdin.buffer.read()
    told = feed(wired.engine, place, "run", [given]).decode("utf-8", "replace")
    sys.stdout.write(harmless(told) if sys.stdout.isatty() else told)


def url(context: typer.Context, service: ServiceName) -> None:
    """Print the URL by which the service reaches its database; the password is in it.

    Example:

      msctl db url orders
    """
    from msctl.orchestrator.credentials import CredentialStore  # noqa: PLC0415
    from msctl.orchestrator.databases.place import service_with_database  # noqa: PLC0415
    from msctl.plan.databases import url as build  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    found = service_with_database(project, service)
    assert found.database is not None  # noqa: S101
    wired.workspace.prepare()
    credentials, _ = CredentialStore(wired.workspace).load(project)
    print(build(project.name, found.database.engine, credentials.login(service)).reveal())


def status(context: typer.Context, service: ServiceName, as_json: Json = False) -> None:
    """Show version, size, connections, migrations and backups of a database.

    Example:

      msctl db status orders
    """
    from msctl.orchestrator.databases.backups import backups  # noqa: PLC0415
    from msctl.orchestrator.databases.migrating import migrations  # noqa: PLC0415
    from msctl.orchestrator.databases.transfer import ask  # noqa: PLC0415

    wired: Context = context.obj
    place = _place(wired, service)
    facts: dict[str, Any] = json.loads(ask(wired.engine, place.engine, place, "facts"))
    known = migrations(wired.engine, place)
    kept = [path.name for path in backups(wired.workspace.folder, service)]
    told = {
        "service": service,
        "database": place.container,
        "engine": place.engine,
        **facts,
        "migrations": {"applied": known.applied, "pending": known.pending},
        "backups": kept,
    }
    if as_json:
        print(json.dumps(told, indent=2))
        return
    say = wired.consoles.answer.print
    say(f"{place.container}: {place.engine} {facts['version']}, {facts['bytes'] / 1024**2:.1f} MiB")
    say(f"connections  {facts['connections']}")
    say(f"tables       {facts['tables']}" if "tables" in facts else f"keys         {facts['keys']}")
    say(f"migrations   {len(known.applied)} applied, pending: {', '.join(known.pending) or 'none'}")
    say(f"backups      {len(kept)}{', the last: ' + kept[-1] if kept else ''}")


def migrate(context: typer.Context, service: ServiceName) -> None:
    """Back a database up, then apply the service's migrations that are pending; 'msctl up' does so, too.

    Example:

      msctl db migrate orders
    """
    from msctl.orchestrator.databases import migrating  # noqa: PLC0415

    wired: Context = context.obj
    place = _place(wired, service)
    say = wired.consoles.messages.print
    if not migrating.migrations(wired.engine, place).pending and place.engine != "redis":
        say("nothing to do: every migration is applied")
        return
    if place.engine != "redis":
        say(f"backed up in {_backed_up(wired, place)[0]}")
    for name in migrating.migrate(wired.engine, place):
        say(f"applied {name}")


def seed(
    context: typer.Context,
    service: ServiceName,
    file: Annotated[
        Path | None,
        typer.Argument(help="Statements; default: seed.sql or seed.redis in the service's folder."),
    ] = None,
) -> None:
    """Fill a database with examples.

    Example:

      msctl db seed orders examples.sql
    """
    from msctl.orchestrator.databases.migrating import run_files, seed_files  # noqa: PLC0415

    wired: Context = context.obj
    place = _place(wired, service)
    files = seed_files(place, file)
    print(run_files(wired.engine, place, files), end="")
    if not wired.quiet:
        wired.consoles.messages.print(f"'{service}' is seeded with {files[0]}")


def backup(
    context: typer.Context,
    service: ServiceName,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; default: in .msctl/backups.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write everything that a database holds into a compressed file, in one consistent state.

    Examples:

      msctl db backup orders

      msctl db backup orders --output orders.sql.gz
    """
    wired: Context = context.obj
    place = _place(wired, service)
    target, size = _backed_up(wired, place, output)
    if as_json:
        print(json.dumps({"service": service, "file": str(target), "bytes": size}))
    else:
        print(target)


def restore(
    context: typer.Context,
    service: ServiceName,
    file: Annotated[str, typer.Argument(help="A backup, or 'latest'.")] = "latest",
    yes: Yes = False,
) -> None:
    """Replace everything that a database holds by a backup.

    The backup is looked at first. PostgreSQL and Redis change at once or not at all; MariaDB is empty in
    between, and gets back what it held if the backup cannot be read in.

    Examples:

      msctl db restore orders

      msctl db restore orders orders.sql.gz --yes
    """
    from msctl.cli.interruption import telling_interruption  # noqa: PLC0415
    from msctl.orchestrator.databases.backups import chosen  # noqa: PLC0415
    from msctl.orchestrator.databases.restoring import restore_backup  # noqa: PLC0415

    wired: Context = context.obj
    place = _place(wired, service)
    source = chosen(wired.workspace.folder, service, file)
    confirm(f"Replace everything in {place.container} by {source.name}?", yes=yes)
    with wired.target(None).lock("db restore"), telling_interruption("nothing was changed"):
        restore_backup(wired.engine, place, source, _before(wired, place))
    if not wired.quiet:
        wired.consoles.messages.print(f"{place.container} holds what {source} does")


def clone(
    context: typer.Context,
    service: ServiceName,
    source: Annotated[str, typer.Option("--from", help="Another project on this engine.")],
    yes: Yes = False,
) -> None:
    """Replace everything that a database holds by a copy of the one in another project.

    Example:

      msctl db clone orders --from shop-staging
    """
    from dataclasses import replace  # noqa: PLC0415

    from msctl import labels  # noqa: PLC0415
    from msctl.cli.interruption import telling_interruption  # noqa: PLC0415
    from msctl.errors import UsageError  # noqa: PLC0415
    from msctl.manifest.names import unusable_project  # noqa: PLC0415
    from msctl.orchestrator.databases.place import require_running  # noqa: PLC0415
    from msctl.orchestrator.databases.restoring import clone as copy  # noqa: PLC0415

    if trouble := unusable_project(source):
        raise UsageError(f"--from: {trouble}", "name the project as its manifest does")
    wired: Context = context.obj
    place = _place(wired, service)
    other = replace(place, container=labels.database(source, service))
    if other == place:
        raise UsageError("a database cannot be cloned onto itself", "name another project")
    require_running(wired.engine, other.container)
    confirm(f"Replace everything in {place.container} by what {other.container} holds?", yes=yes)
    with wired.target(None).lock("db clone"), telling_interruption("nothing was changed"):
        copy(wired.engine, other, place, _before(wired, place))
    if not wired.quiet:
        wired.consoles.messages.print(f"{place.container} holds what {other.container} does")


def _place(wired: Context, service: str) -> Place:
    from msctl.orchestrator.databases.place import place_of  # noqa: PLC0415

    project = wired.loaded.project
    return place_of(wired.engine, project, service)


def _backed_up(wired: Context, place: Place, output: Path | None = None) -> tuple[Path, int]:
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.cli.interruption import telling_interruption  # noqa: PLC0415
    from msctl.orchestrator.databases.backups import backup as write  # noqa: PLC0415
    from msctl.orchestrator.databases.backups import usual_path  # noqa: PLC0415

    wired.workspace.prepare()
    target = output or usual_path(wired.workspace.folder, place, datetime.now(UTC))
    with telling_interruption("no backup was written"):
        return target, write(wired.engine, place, target)


def _before(wired: Context, place: Place) -> Path:
    """Where what is about to be replaced is kept meanwhile."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.orchestrator.databases.backups import REPLACED, usual_path  # noqa: PLC0415

    return usual_path(wired.workspace.folder, place, datetime.now(UTC), REPLACED)


def _interactive(place: Place) -> None:
    from msctl.cli.terminal import become, docker_command  # noqa: PLC0415
    from msctl.orchestrator.databases.scripts import shell_command  # noqa: PLC0415

    docker = docker_command("use --command, or pipe statements in")
    become(docker, ["exec", "-it", place.container, *shell_command(place.engine, place.service)])
