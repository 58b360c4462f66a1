"""The failure card: why something did not start or turned unhealthy, on one card."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FailureCard:
    """One failed subject; ``code`` is stable for scripts, ``cause`` the root cause in one sentence."""

    subject: str
    code: str
    what: str
    cause: str
    health_answer: str | None = None
    exit_status: str | None = None
    log_lines: tuple[str, ...] = field(default=())
    blocks: tuple[str, ...] = field(default=())
    next_command: str | None = None
