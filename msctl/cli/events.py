"""``events``: what the queues hold, ``events tail`` and ``events publish``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msctl.cli import dead_letters
from msctl.cli.context import Context

if TYPE_CHECKING:
    from msctl.errors import MsctlError

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="Events: queues, a live copy of what is published, dead letters.",
        invoke_without_command=True,
        rich_markup_mode=None,
    )
    group.callback()(show)
    group.command()(tail)
    group.command()(publish)
    dead_letters.add_to(group)
    app.add_typer(group, name="events")


def show(context: typer.Context, as_json: Json = False) -> None:
    """Show for each subscribing service what waits, its consumers and its dead letters.

    'in/s' are the events that its subscriptions took, counted for a second.

    Examples:

      msctl events

      msctl events tail 'payment.*'

      msctl events dead orders
    """
    if context.invoked_subcommand is not None:
        return
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.orchestrator.events import overview  # noqa: PLC0415
    from msctl.report.events import queues_view  # noqa: PLC0415

    wired: Context = context.obj
    with wired.access() as access:
        found = overview(wired.engine, access, wired.loaded.project)
    if as_json:
        print(json.dumps([queues.to_json() for queues in found], indent=2))
    else:
        wired.consoles.answer.print(queues_view(found, datetime.now(UTC)))


def tail(
    context: typer.Context,
    pattern: Annotated[
        str, typer.Argument(help="Event types: '*' stands for one word, '#' for any number.")
    ] = "#",
    number: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="End after so many events.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show a copy of each event from now on, until Ctrl-C; nothing is taken from anyone.

    Examples:

      msctl events tail

      msctl events tail 'order.*' --json
    """
    from msctl.orchestrator.events import follow, require_broker  # noqa: PLC0415
    from msctl.report.events import event_line  # noqa: PLC0415

    wired: Context = context.obj
    require_broker(wired.loaded.project)

    def lost(error: MsctlError) -> None:
        wired.consoles.messages.print(f"events may be missing here: {error.message}")

    with wired.access() as access:
        for position, message in enumerate(follow(access, pattern, lost), start=1):
            if as_json:
                event = message.event or {"routing_key": message.routing_key, "body": repr(message.body)}
                print(json.dumps(event), flush=True)
            else:
                wired.consoles.answer.print(event_line(message))
            if position == number:
                return


def publish(
    context: typer.Context,
    event_type: Annotated[str, typer.Argument(metavar="TYPE", help="The event's type, e.g. order.placed.")],
    data: Annotated[
        str, typer.Option("--data", "-d", help="Its data: JSON, @FILE, or @- for standard input.")
    ],
    subject: Annotated[str | None, typer.Option("--subject", help="What it is about.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Ordered subscribers keep the order of one key.")
    ] = None,
) -> None:
    """Publish an event by hand and print its id; it is checked like one of a service.

    Examples:

      msctl events publish order.placed --data @order.json

      msctl events publish stock.low --data '{"sku": "WIDGET"}' --subject WIDGET
    """
    import uuid  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from msctl.orchestrator import events  # noqa: PLC0415
    from msctl.orchestrator.event_schemas import event_schemas  # noqa: PLC0415

    wired: Context = context.obj
    project = wired.loaded.project
    events.require_broker(project)
    value = _json(data)
    schemas = event_schemas(project)
    schemas.require_valid()
    schemas.check(event_type, value)
    message = events.event_by_hand(
        project, event_type, value, event_id=str(uuid.uuid4()), now=datetime.now(UTC),
        subject=subject, key=key,
    )  # fmt: skip
    with wired.access() as access:
        events.publish(access, message)
    print(message.id)


def _json(data: str) -> object:
    from msctl.errors import UsageError  # noqa: PLC0415

    text, where = data, "--data"
    if data.startswith("@"):
        where = "standard input" if data == "@-" else data[1:]
        try:
            text = sys.stdin.read() if data == "@-" else Path(where).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(
                f"cannot read {where}: {exc}", "name a file that holds JSON: --data @FILE"
            ) from exc
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{where} is not JSON: {exc}", "text needs quotes: --data '\"hello\"'") from exc
    return value
