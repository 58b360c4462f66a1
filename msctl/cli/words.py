"""The words of the command line: options that all commands share may also come after the command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from typer.core import TyperGroup

Command: TypeAlias = Any
"""A command of click, or of the copy of click that newer versions of Typer bring along."""

_FLAGS = frozenset({"--plain", "--quiet", "-q", "--verbose", "-v"})
_WITH_VALUE = frozenset({"--file", "--env"})


class Commands(TyperGroup):
    """The commands; shared options may stand anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words, the shared options first."""
        return super().parse_args(ctx, shared_first(self, args))


def shared_first(group: Command, words: Sequence[str]) -> list[str]:
    """``words`` with the shared options before the command; a command's own of the same name stay with it.

    What follows ``--`` is left alone, and so is a command that hands its words on to another program.
    """
    command, position = _command(group, words)
    if command is None or _hands_on(command):
        return list(words)
    own = {name for parameter in command.params for name in parameter.opts}
    first: list[str] = []
    kept: list[str] = []
    rest = list(words[position:])
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        if word == "--":
            kept += [word, *rest]
            break
        if name in _WITH_VALUE - own and (equals or rest):
            first += [word] if equals else [word, rest.pop(0)]
        elif word in _FLAGS - own:
            first.append(word)
        else:
            kept.append(word)
    return [*first, *words[:position], *kept]


def _command(group: Command, words: Sequence[str]) -> tuple[Command | None, int]:
    """The command that ``words`` name, and the index of the first word after it."""
    found = group
    position = 0
    while (commands := getattr(found, "commands", None)) is not None and position < len(words):
        word = words[position]
        below = commands.get(word)
        if below is not None:
            found = below
        elif not word.startswith("-"):
            break
        elif found is group and word in _WITH_VALUE | {"-f"}:
            position += 1
        position += 1
    return (None if found is group else found), position


def _hands_on(command: Command) -> bool:
    settings = command.context_settings
    return bool(settings.get("ignore_unknown_options")) or not settings.get("allow_interspersed_args", True)
