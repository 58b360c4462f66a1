"""Failure cards and errors as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from msctl.errors import BuildFailed, ManifestInvalid, MsctlError, StartFailed
from msctl.model.failure import FailureCard
from msctl.model.problem import ManifestProblem
from msctl.report.console import harmless

_INDENT = "  "


def show_error(console: Console, error: MsctlError) -> None:
    """Print what happened, where, and what to do next."""
    if isinstance(error, StartFailed):
        for card in error.cards:
            show_card(console, card)
    if isinstance(error, ManifestInvalid):
        show_problems(console, error.problems)
    console.print(Text.assemble(("error: ", "bold red"), harmless(error.message)))
    if isinstance(error, BuildFailed):
        for line in error.lines:
            console.print(Text(f"{_INDENT}│ {harmless(line)}", "dim"))
        if error.log is not None:
            console.print(f"{_INDENT}full log: {error.log}")
    if error.hint is not None:
        console.print(Text.assemble(("hint: ", "bold"), harmless(error.hint)))


def show_problems(console: Console, problems: Iterable[ManifestProblem]) -> None:
    """Print what has to be mended."""
    for problem in problems:
        console.print(_problem(problem, "error"))


def show_warnings(console: Console, problems: Iterable[ManifestProblem]) -> None:
    """Print findings that forbid nothing; those that say the same of several keys in one piece."""
    by_text: dict[str, list[ManifestProblem]] = {}
    for problem in problems:
        by_text.setdefault(problem.what, []).append(problem)
    for alike in by_text.values():
        console.print(_problem(alike[0], "warning") if len(alike) == 1 else _together(alike))


def show_card(console: Console, card: FailureCard) -> None:
    """Print one failure card: the cause within the first three lines."""
    console.print(Text.assemble(("✗ ", "bold red"), (card.subject, "bold"), f" {card.what} [{card.code}]"))
    for label, text in _rows(card):
        console.print(Text.assemble((f"{_INDENT}{label:<12}", "bold"), harmless(text)))
    for line in card.log_lines:
        console.print(Text(f"{_INDENT}│ {harmless(line)}", "dim"))
    if card.next_command is not None:
        console.print(Text.assemble((f"{_INDENT}{'try next':<12}", "bold"), (card.next_command, "cyan")))
    console.print()


def _rows(card: FailureCard) -> Iterator[tuple[str, str]]:
    yield "cause", card.cause
    if card.health_answer is not None:
        yield "last answer", card.health_answer
    if card.exit_status is not None:
        yield "exit", card.exit_status
    if card.blocks:
        yield "blocks", ", ".join(card.blocks)
    if card.log_lines:
        yield "last lines", ""


def _together(problems: Sequence[ManifestProblem]) -> Text:
    keys = ", ".join(f"{harmless(p.path)} (line {p.line})" for p in problems)
    first = problems[0]
    return Text.assemble(
        (f"{first.file}: ", "bold"), ("warning: ", "bold yellow"), harmless(f"{first.what}: "), (keys, "dim")
    )


def _problem(problem: ManifestProblem, level: str) -> Text:
    style = "bold red" if level == "error" else "bold yellow"
    place = f"{problem.file}:{problem.line}:{problem.column}: "
    subject = f"{problem.path}: " if problem.path else ""
    hint = f", {problem.hint}" if problem.hint else ""
    text = Text.assemble((place, "bold"), (f"{level}: ", style), harmless(f"{subject}{problem.what}{hint}"))
    if problem.source is not None and level == "error":
        shown = harmless(problem.source.expandtabs(1)).rstrip()[:160]
        text.append(f"\n{_INDENT}{shown}\n{_INDENT}{' ' * (problem.column - 1)}^", "dim")
    return text
