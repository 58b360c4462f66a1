"""From what somebody wants to see to SQL and to the words of the full-text index; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from msctl.telemetry.loglines.levels import LEVELS, rank
from msctl.telemetry.loglines.record import Wanted, regular_expression
from msctl.telemetry.loglines.transfer import microseconds

SPAN_LEVEL = 1
"""What the store keeps as the level of a service's span, below all levels of records."""

_TOKEN = re.compile(r"[^\W_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Question:
    """Which lines: ``names`` are services or containers, none means all; ids are exclusive bounds."""

    names: Sequence[str] = ()
    wanted: Wanted = field(default_factory=Wanted)
    after: int | None = None
    before: int | None = None

    @property
    def expression(self) -> str | None:
        """What the full-text index is asked, if it can narrow the search."""
        words = self.wanted.words or ""
        tokens = [] if regular_expression(words) else _tokens(words)
        if self.wanted.trace:
            tokens.append(self.wanted.trace)
        return " AND ".join(f'"{token}"*' for token in tokens) or None

    def conditions(self) -> tuple[list[str], list[object]]:
        """SQL conditions on ``line`` and ``source``, and their parameters."""
        found: list[tuple[str, object]] = []
        wanted = self.wanted
        if wanted.since is not None:
            found.append(("line.time >= ?", microseconds(wanted.since)))
        if wanted.until is not None:
            found.append(("line.time <= ?", microseconds(wanted.until)))
        if wanted.level is not None and rank(wanted.level) > LEVELS["trace"]:
            found.append(("line.level >= ?", rank(wanted.level)))
        if not wanted.spans:
            found.append(("line.level > ?", SPAN_LEVEL))
        if self.after is not None:
            found.append(("line.id > ?", self.after))
        if self.before is not None:
            found.append(("line.id < ?", self.before))
        return [text for text, _ in found], [value for _, value in found]


def _tokens(words: str) -> list[str]:
    """Beginnings of words that the index must have; how it folds other scripts is left out of it."""
    found = (token for word in words.split() for token in _TOKEN.findall(word))
    return [token.lower() for token in found if not _NOT_ASCII.search(token)]
