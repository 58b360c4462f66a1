"""Taking back the first instance of a version that is no good: the version before it goes on serving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from msctl.errors import MsctlError, StartFailed
from msctl.model.chronicle import TAKEN_BACK
from msctl.model.failure import FailureCard
from msctl.orchestrator.executor import Outcome
from msctl.plan.operations import Operation, Plan, RemoveContainer, Rolling


def rejected(plan: Plan, outcome: Outcome) -> tuple[Rolling, ...]:
    """The rolling updates that ended with their first instance."""
    failed = {outcome.operations[operation_id].subject for operation_id in outcome.failures}
    return tuple(rolling for rolling in plan.rollings if rolling.first in failed)


@contextmanager
def taking_back(plan: Plan, outcome: Outcome, run: Callable[[Operation], str]) -> Iterator[None]:
    """Within it failures become cards; what they are about is then taken back, and the cards say so."""
    back = {rolling.first: rolling for rolling in rejected(plan, outcome)}
    try:
        yield
    except StartFailed as exc:
        troubles = {first: _take_back(rolling, run) for first, rolling in back.items()}
        cards = [_told(card, troubles) for card in exc.cards]
        raise StartFailed(exc.message, cards, exc.hint) from exc


def _take_back(rolling: Rolling, run: Callable[[Operation], str]) -> str | None:
    """What went wrong with it, if anything."""
    removal = RemoveContainer(
        subject=rolling.first, service=rolling.service, reason="it is no good", grace=1.0
    )
    try:
        run(removal)
    except MsctlError as exc:
        return exc.message
    return None


def _told(card: FailureCard, troubles: dict[str, str | None]) -> FailureCard:
    if card.subject not in troubles:
        return card
    trouble = troubles[card.subject]
    words = TAKEN_BACK if trouble is None else f"new version is no good and could not be removed: {trouble}"
    return replace(card, what=f"{card.what}; {words}", blocks=())
