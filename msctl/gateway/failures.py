"""What went wrong in the attempts of one call, and what of it its client is told."""

from __future__ import annotations

from msctl.gateway import problems
from msctl.gateway.outgoing import Outgoing, trouble_of
from msctl.gateway.problems import Trouble
from msctl.gateway.upstream_ports import AttemptError
from msctl.gateway.wire.answer import AnswerHead
from msctl.resilience.endpoints import Endpoint


def is_blameless(outcome: AnswerHead | AttemptError, hurried: bool) -> bool:
    """Whether the instance could not help it: the caller had no time, or the gateway no connection."""
    if isinstance(outcome, AnswerHead):
        return False
    return outcome.kind == "exhausted" or (outcome.kind == "timeout" and hurried)


def place_of(endpoint: Endpoint) -> str:
    """Where an instance is, for insiders."""
    return f"{endpoint.address.host}:{endpoint.address.port}"


class Failures:
    """``notes`` say where attempts went and why they failed; an outcome in doubt is never forgotten."""

    def __init__(self, service: str, outgoing: Outgoing) -> None:
        self._service = service
        self._out = outgoing
        self._in_doubt: AttemptError | None = None
        self.notes: list[str] = []

    def note(self, endpoint: Endpoint, error: AttemptError) -> None:
        """Remember where an attempt failed, and why."""
        self.notes.append(f"{place_of(endpoint)} {error.cause}")

    def doubt(self, outcome: AnswerHead | AttemptError) -> None:
        """Remember an attempt that the instance may have acted on: no later one undoes that."""
        if isinstance(outcome, AnswerHead):
            self._in_doubt = AttemptError("bad-answer", f"answered {outcome.status}")
        elif not outcome.untouched:
            self._in_doubt = outcome

    def nobody(self) -> Trouble:
        """There is no instance to ask, or none any more."""
        error = self._in_doubt
        return problems.no_instance(self._service) if error is None else self.trouble(error)

    def trouble(self, error: AttemptError) -> Trouble:
        """What to tell; of a write that some instance may have acted on never that it was not done."""
        if self._out.is_write and error.untouched and self._in_doubt is not None:
            error = self._in_doubt
        return trouble_of(error, self._service, self._out, "; ".join(self.notes))
