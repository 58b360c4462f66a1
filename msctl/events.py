"""Progress events: what the orchestrator says while it works, and the sink that receives it.

Whoever works emits; renderers in ``report`` draw. Nothing below ``report`` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class StepStarted:
    """Work on ``subject`` began: ``action`` is a short verb phrase, ``waits_for`` what it still needs."""

    subject: str
    action: str
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class StepProgress:
    """``subject`` is still at it; ``detail`` is the newest thing to know (a build line, a health answer)."""

    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class StepDone:
    """``subject`` finished ``action`` after ``seconds``; ``detail`` is the outcome in a few words."""

    subject: str
    action: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """``subject`` failed ``action``; ``cause`` is one line, the failure card follows at the end."""

    subject: str
    action: str
    seconds: float
    cause: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that is no step."""

    level: Literal["info", "warning"]
    text: str


Event = StepStarted | StepProgress | StepDone | StepFailed | Notice


class Sink(Protocol):
    """Receives events, from any thread, and never raises."""

    def emit(self, event: Event) -> None:
        """Take one event."""


class NullSink:
    """Receives events and forgets them."""

    def emit(self, event: Event) -> None:
        """Forget ``event``."""
