"""Commands built when they are first asked for: to build all of them takes longer than most of them run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer
import typer.main
from typer.models import CommandInfo, TyperInfo

from msctl.cli.words import Command, Commands


class LaterCommands(Mapping[str, Command]):
    """The commands and groups of ``catalogue`` by name, the commands first."""

    def __init__(self, catalogue: typer.Typer) -> None:
        self._infos: dict[str, CommandInfo | TyperInfo] = {}
        self._built: dict[str, Command] = {}
        for command in catalogue.registered_commands:
            self._infos[command.name or _name(command)] = command
        for group in catalogue.registered_groups:
            self._infos[str(group.name)] = group

    def __getitem__(self, name: str) -> Command:
        if name not in self._built:
            self._built[name] = _build(self._infos[name], name)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)


def later(catalogue: typer.Typer) -> type[Commands]:
    """The class of a group whose commands are those of ``catalogue``."""

    class Later(Commands):
        """A group that knows the names of its commands, and builds the one that is asked for."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands: Any = LaterCommands(catalogue)

    return Later


def _name(command: CommandInfo) -> str:
    if command.callback is None:
        raise ValueError("a command without a function")
    return typer.main.get_command_name(command.callback.__name__)


def _build(info: CommandInfo | TyperInfo, name: str) -> Command:
    """As Typer builds it in a group of its own."""
    alone = typer.Typer(rich_markup_mode=None)
    if isinstance(info, CommandInfo):
        alone.registered_commands.append(info)
    else:
        alone.registered_groups.append(info)
    return typer.main.get_group(alone).commands[name]
