"""Failure cards as they stand on stderr."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.e2e.checkout import Outcome

_TITLE = re.compile(r"^✗ (?P<subject>\S+) (?P<what>.+) \[(?P<code>[a-z-]+)\]$")


@dataclass(frozen=True, slots=True)
class Card:
    """One card: who failed, the stable code, and its lines, the title first."""

    subject: str
    code: str
    lines: tuple[str, ...]

    @property
    def head(self) -> str:
        """The first three lines, which must name the cause."""
        return "\n".join(self.lines[:3])

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


def cards(outcome: Outcome) -> list[Card]:
    """The cards of a failed run, which must have ended with 1 and without a traceback."""
    assert outcome.exit_code == 1, str(outcome)
    assert "Traceback" not in outcome.stderr.replace("│ Traceback", ""), str(outcome)
    assert "stumbled" not in outcome.stderr, str(outcome)
    lines = outcome.stderr.splitlines()
    starts = [number for number, line in enumerate(lines) if _TITLE.match(line)]
    return [_card(lines[start:]) for start in starts]


def only_card(outcome: Outcome) -> Card:
    """The one card of a run in which one thing failed."""
    found = cards(outcome)
    assert len(found) == 1, str(outcome)
    return found[0]


def _card(lines: list[str]) -> Card:
    title = _TITLE.match(lines[0])
    assert title is not None
    end = lines.index("") if "" in lines else len(lines)
    return Card(title["subject"], title["code"], tuple(lines[:end]))
