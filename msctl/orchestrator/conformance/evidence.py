"""What was gathered about one instance: answers, facts of its container, its log, the registry, its queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msctl.model.project import Service
from msctl.model.status import InstanceStatus


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, or why there was none; header names are lower case."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str | None = None

    @property
    def said(self) -> str:
        """The answer in two words."""
        return self.error or f"answered {self.status}"

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Queue:
    """The service's queue around two deliveries of one event."""

    consumers: int
    dead_before: int
    dead_after: int
    left: int
    sent: str | None = None


@dataclass(frozen=True, slots=True)
class Stopping:
    """An instance that was asked to stop while requests came: how it ended, and what they met."""

    seconds: float | None
    exit_code: int | None
    lost: int
    asked: int
    back: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that checks judge; ``container`` is absent where the image has no shell to look with."""

    service: Service
    instance: InstanceStatus
    answers: Mapping[str, Sequence[Answer]]
    container: Mapping[str, Sequence[str]] | None
    log: Sequence[str]
    secrets: frozenset[str]
    resolved: Sequence[str]
    marker: str
    trace_id: str
    path: str | None = None
    queue: Queue | None = None
    stopping: Stopping | None = None

    def answer(self, question: str) -> Answer:
        """The first answer to a question."""
        found = self.answers.get(question)
        return found[0] if found else Answer(error="was not asked")
