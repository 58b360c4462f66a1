"""``events dead``: list, show, replay and drop what services gave up."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from typer.core import TyperGroup

from msctl.cli.context import Context

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The event's id, or its beginning.")]
MaybeId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The event's id, or its beginning.")]
Of = Annotated[str | None, typer.Option("--service", "-s", help="Only what this service gave up.")]


class ListByDefault(TyperGroup):
    """A group whose first word may also be an argument of its command ``list``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put ``list`` before words that name no command."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Register the commands of this module."""
    group = typer.Typer(
        help="Dead letters: what services gave up. Without a command: 'list'.",
        cls=ListByDefault,
        rich_markup_mode=None,
    )
    group.command("list")(show_list)
    group.command()(show)
    group.command()(replay)
    group.command()(drop)
    app.add_typer(group, name="dead")


def show_list(
    context: typer.Context,
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="List each that this one gave up.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show causes and counts of all services, or each dead letter of one.

    Examples:

      msctl events dead

      msctl events dead orders

      msctl events dead list orders --json
    """
    from msctl.orchestrator.dead_letters import dead_letters  # noqa: PLC0415
    from msctl.report.events import dead_groups_view, dead_list_view  # noqa: PLC0415

    wired: Context = context.obj
    with wired.access() as access:
        found = dead_letters(access, wired.loaded.project, service)
    if as_json:
        print(json.dumps([letter.to_json() for letter in found], indent=2))
    else:
        view = dead_groups_view if service is None else dead_list_view
        wired.consoles.answer.print(view(found))


def show(context: typer.Context, event_id: Id, service: Of = None, as_json: Json = False) -> None:
    """Show one dead letter whole: cause, tries, headers and the event.

    Example:

      msctl events dead show 0f7e41c2
    """
    from msctl.orchestrator.dead_letters import letters_with  # noqa: PLC0415
    from msctl.report.events import dead_view  # noqa: PLC0415

    wired: Context = context.obj
    with wired.access() as access:
        found = letters_with(access, wired.loaded.project, service, event_id)
    if as_json:
        bodies = [letter.message.body.decode("utf-8", "replace") for letter in found]
        values = [{**d.to_json(), "body": body} for d, body in zip(found, bodies, strict=True)]
        print(json.dumps(values, indent=2))
        return
    for letter in found:
        wired.consoles.answer.print(dead_view(letter))


def replay(
    context: typer.Context,
    event_id: MaybeId = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    service: Of = None,
) -> None:
    """Give dead letters back to the service that gave them up, to be tried anew.

    Their ids stay, so that what was handled already has no second effect.

    Examples:

      msctl events dead replay 0f7e41c2

      msctl events dead replay --all --service orders
    """
    from msctl.orchestrator import dead_letters  # noqa: PLC0415

    _require_choice(event_id, everything=everything)
    wired: Context = context.obj
    with wired.access() as access:
        done = dead_letters.replay(access, wired.loaded.project, service, event_id)
    print(f"{done} replayed")


def drop(
    context: typer.Context,
    event_id: MaybeId = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    service: Of = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before dropping all.")] = False,
) -> None:
    """Remove dead letters for good.

    Examples:

      msctl events dead drop 0f7e41c2

      msctl events dead drop --all --yes
    """
    from msctl.cli.confirm import confirm  # noqa: PLC0415
    from msctl.orchestrator import dead_letters  # noqa: PLC0415

    _require_choice(event_id, everything=everything)
    wired: Context = context.obj
    project = wired.loaded.project
    if everything:
        confirm(f"Drop all dead letters of {service or project.name} for good?", yes=yes)
    with wired.access() as access:
        done = dead_letters.drop(access, project, service, event_id)
    print(f"{done} dropped")


def _require_choice(event_id: str | None, *, everything: bool) -> None:
    from msctl.errors import UsageError  # noqa: PLC0415

    if (event_id is None) is not everything:
        raise UsageError("which ones?", "give an ID or --all")
