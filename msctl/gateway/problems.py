"""Problems in the words that clients read, from the decisions that made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from msctl.gateway.explain import EXPLANATIONS
from msctl.resilience.breaker import Refusal
from msctl.resilience.refusal import refusal_sentence, retry_at, whole_seconds
from msctl.telemetry.problem import Problem

NO_INSTANCE = "no passing instance"
CLIENT_FAULTS = range(400, 500)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request gets no proper answer; ``inside`` is added to the detail for insiders only.

    ``retry_in`` is in seconds, ``headers`` are added to the answer, ``cause`` is what a circuit counts.
    ``part`` is the part of an aggregate that failed, ``answered`` the status that its service gave.
    """

    kind: str
    detail: str
    service: str | None = None
    circuit: str | None = None
    retry_in: float | None = None
    inside: str | None = None
    cause: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())
    part: str | None = None
    answered: int | None = None

    @property
    def status(self) -> int:
        """The HTTP status of its type; what a client got wrong in a part stays the client's fault."""
        if self.answered is not None and self.answered in CLIENT_FAULTS:
            return self.answered
        return EXPLANATIONS[self.kind].status

    @property
    def retry_after(self) -> int | None:
        """Whole seconds for ``Retry-After``, at least one."""
        return None if self.retry_in is None else whole_seconds(self.retry_in)


def problem_of(trouble: Trouble, instance: str, trace_id: str | None, now: datetime, full: bool) -> Problem:
    """The answer's body; ``full`` also tells what outsiders must not see."""
    detail = f"{trouble.detail} [{trouble.inside}]" if full and trouble.inside else trouble.detail
    seconds = trouble.retry_after
    return Problem(
        kind=trouble.kind,
        title=EXPLANATIONS[trouble.kind].title,
        status=trouble.status,
        detail=detail,
        instance=instance,
        service=trouble.service,
        circuit=trouble.circuit,
        trace_id=trace_id,
        retry_at=None if seconds is None else retry_at(now, seconds),
        extensions={} if trouble.part is None else {"part": trouble.part},
    )


def circuit_open(service: str, refusal: Refusal) -> Trouble:
    """A call that was not even tried."""
    detail = refusal_sentence(service, refusal)
    return Trouble("circuit-open", detail, service, refusal.state.value, refusal.retry_in)


def no_instance(service: str) -> Trouble:
    """Nobody to call."""
    detail = f"Service '{service}' is unavailable: {NO_INSTANCE}"
    return Trouble("no-instance", detail, service, retry_in=1.0, cause=NO_INSTANCE)


def token_missing() -> Trouble:
    """The route is not for everybody."""
    challenge = (("WWW-Authenticate", "Bearer"),)
    return Trouble("token-missing", "this route needs an access token", headers=challenge)


def invalid_token(reason: str, detail: str) -> Trouble:
    """A token that is not to be trusted."""
    described = detail.replace('"', "'")
    challenge = f'Bearer error="invalid_token", error_description="{described}"'
    return Trouble("invalid-token", detail, cause=reason, headers=(("WWW-Authenticate", challenge),))


def scope_missing(scopes: tuple[str, ...]) -> Trouble:
    """A token that does not allow this."""
    named = " ".join(scopes)
    challenge = f'Bearer error="insufficient_scope", scope="{named}"'
    detail = f"the token lacks the scope '{named}'"
    return Trouble("insufficient-scope", detail, headers=(("WWW-Authenticate", challenge),))


def keys_missing() -> Trouble:
    """No token can be verified yet."""
    detail = "tokens cannot be verified yet: the keys have not come"
    return Trouble("auth-unavailable", detail, "auth", retry_in=1.0, cause="no-keys")


def auth_unavailable(inside: str) -> Trouble:
    """No internal token could be had."""
    detail = "the token cannot be exchanged for one that the service accepts"
    return Trouble("auth-unavailable", detail, "auth", retry_in=1.0, inside=inside)


def busy(service: str, limit: int) -> Trouble:
    """The bulkhead is full; no fault of the service's answers, so no circuit counts it."""
    detail = f"Service '{service}' is unavailable: {limit} calls are under way; retry in 1 s"
    return Trouble("busy", detail, service, retry_in=1.0)


def too_many_lasting(service: str, limit: int) -> Trouble:
    """Uploads and streams have all the places that they may have."""
    detail = f"Service '{service}' is unavailable: {limit} uploads and streams are under way; retry in 1 s"
    return Trouble("busy", detail, service, retry_in=1.0)


def exhausted(service: str, why: str) -> Trouble:
    """The gateway itself cannot ask: no circuit counts it."""
    detail = f"Service '{service}' could not be asked: {why}; retry in 1 s"
    return Trouble("too-many-connections", detail, service, retry_in=1.0)


def timed_out(service: str, seconds: float, is_write: bool, inside: str) -> Trouble:
    """No answer by the deadline."""
    unknown = "; the outcome of this write is unknown" if is_write else ""
    detail = f"Service '{service}' did not answer within {seconds:g} s{unknown}"
    return Trouble("timeout", detail, service, inside=inside, cause="no answer in time")


def unreachable(service: str, cause: str, inside: str) -> Trouble:
    """No connection."""
    detail = f"Service '{service}' is unavailable: {cause}"
    return Trouble("unreachable", detail, service, retry_in=1.0, inside=inside, cause=cause)


def bad_answer(service: str, what: str, is_write: bool, inside: str) -> Trouble:
    """An answer that is none."""
    unknown = "; the outcome of this write is unknown" if is_write else ""
    return Trouble(
        "bad-answer",
        f"Service '{service}' gave no valid answer{unknown}",
        service,
        inside=f"{inside}: {what}",
        cause=what,
    )
