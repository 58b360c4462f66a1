"""What one check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msctl.orchestrator.conformance.evidence import Evidence

Level = Literal["pass", "warn", "fail", "skip"]
Judged = tuple[Level, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table; ``warn`` is what a service should do and may leave."""

    check: str
    topic: str
    level: Level
    found: str


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence that should be true of every service, and how it is judged from the evidence. Pure."""

    name: str
    topic: str
    judge: Callable[[Evidence], Judged]

    def verdict(self, evidence: Evidence) -> Verdict:
        """The check's line."""
        level, found = self.judge(evidence)
        return Verdict(self.name, self.topic, level, found)


def expect(true: bool, well: str, otherwise: str, level: Level = "fail") -> Judged:
    """``pass`` if what is expected is true."""
    return ("pass", well) if true else (level, otherwise)


def skipped(why: str) -> Judged:
    """A check that does not apply here."""
    return "skip", why
