"""Failures of a finished walk as cards, root causes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msctl.errors import BuildFailed, StartFailed
from msctl.model.failure import FailureCard
from msctl.orchestrator.complaints import last_lines
from msctl.orchestrator.diagnosis import card_for
from msctl.orchestrator.executor import subjects
from msctl.plan.operations import AwaitReady, AwaitRegistered

if TYPE_CHECKING:
    from msctl.engine.port import Engine
    from msctl.errors import MsctlError
    from msctl.orchestrator.executor import Outcome
    from msctl.plan.operations import Operation


@contextmanager
def failing_card(subject: str, what: str, kind: type[MsctlError]) -> Iterator[None]:
    """Turn an error of ``kind``, met before anything was started, into ``StartFailed`` with its card."""
    try:
        yield
    except kind as exc:
        lines = exc.lines if isinstance(exc, BuildFailed) else ()
        card = FailureCard(subject, exc.code, what, exc.message, log_lines=lines, next_command=exc.hint)
        raise StartFailed("nothing was started", [card]) from exc


def raise_failures(outcome: Outcome, engine: Engine, summary: str) -> None:
    """Raise ``StartFailed`` with a card for each failure; return if there is none."""
    if not outcome.failures:
        return
    cards = [
        _card(outcome.operations[failed], error, engine, outcome.blocked.get(failed, ()))
        for failed, error in outcome.failures.items()
    ]
    raise StartFailed(
        f"{summary}: {len(cards)} of {len(outcome.operations)} steps failed",
        cards,
        "mend the cause and run the same command again: it continues where it stopped",
    )


def _card(
    operation: Operation, error: MsctlError, engine: Engine, blocked: Sequence[Operation]
) -> FailureCard:
    waited = isinstance(operation, AwaitReady | AwaitRegistered)
    lines = last_lines(engine, operation.subject) if waited else ()
    others = [name for name in subjects(blocked) if name != operation.subject]
    return card_for(operation, error, lines, others)
