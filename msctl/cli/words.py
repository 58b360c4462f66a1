"""The words of the command line: options that all commands share may also come after the command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import typer
from typer.core import TyperGroup

from msctl.cli.interruption import telling_interruption
from msctl.errors import UsageError

Command: TypeAlias = Any
"""A command of click, or of the copy of click that newer versions of Typer bring along."""

_FLAGS = frozenset({"--plain", "--quiet", "-q", "--verbose", "-v"})
_WITH_VALUE = frozenset({"--file", "--env"})


_WRONG_WORDS: Any = typer.BadParameter.__mro__[1]
"""Click's ``UsageError``, be it click's own or that of Typer's copy."""


class Commands(TyperGroup):
    """The commands; shared options may stand anywhere, and wrong words are an error like any other."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the words of the group."""
        with in_our_voice(), telling_interruption():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Read the words of the command, and run it; to Typer a Ctrl-C is an end without words."""
        with in_our_voice(), telling_interruption():
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words, the shared options first."""
        return super().parse_args(ctx, shared_first(self, args))


@contextmanager
def in_our_voice() -> Iterator[None]:
    """Raise what click finds wrong in the words as ``UsageError``; a bare group goes on to show its help."""
    try:
        yield
    except _WRONG_WORDS as exc:
        told = exc.format_message()
        if exc.ctx is None or told == exc.ctx.get_help():
            raise
        hint = f"'{exc.ctx.command_path} --help' says what it takes"
        raise UsageError(our_voice(told), hint) from exc


def our_voice(told: str) -> str:
    """A message of click or of pydantic, which Typer asks about values, as one clause."""
    clauses = told.rstrip(".").replace("Value error, ", "").replace(". Did you", "; did you")
    what, colon, why = clauses.partition("': ")
    return what[:1].lower() + what[1:] + colon + why[:1].lower() + why[1:]


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
