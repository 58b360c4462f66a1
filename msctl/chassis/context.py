"""What belongs to the request or event at hand: its trace and the time left for it."""

from __future__ import annotations

import asyncio
import random
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msctl.resilience.deadline import caller_timeout
from msctl.telemetry import trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from msctl.telemetry.trace import TraceContext


@dataclass(frozen=True, slots=True)
class Work:
    """``until`` is on the loop's clock; both are absent outside of requests and events."""

    trace: TraceContext | None = None
    until: float | None = None


_NOTHING = Work()
_current: ContextVar[Work] = ContextVar("msctl_work", default=_NOTHING)


@contextmanager
def working(work: Work) -> Iterator[None]:
    """Make ``work`` the work at hand inside the block."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)


def received(parents: Sequence[str], states: Sequence[str] = (), timeout: str | None = None) -> Work:
    """The work that a message with these headers asks for; ``timeout`` is its ``X-Timeout-Ms``."""
    seconds = caller_timeout(timeout)
    until = None if seconds is None else asyncio.get_running_loop().time() + seconds
    return Work(trace.proceed(parents, states, random.getrandbits), until)


def remaining() -> float | None:
    """Seconds left for the work at hand, never negative; nothing when it has no deadline."""
    until = _current.get().until
    return None if until is None else max(0.0, until - asyncio.get_running_loop().time())


def traceparent() -> str | None:
    """The trace that whatever the work at hand starts belongs to."""
    at_hand = _current.get().trace
    return at_hand.traceparent if at_hand else None


def current_trace() -> TraceContext | None:
    """Where the work at hand stands in its trace."""
    return _current.get().trace


def trace_id() -> str | None:
    """The trace of the work at hand."""
    at_hand = _current.get().trace
    return at_hand.trace_id if at_hand else None


def outgoing_headers() -> dict[str, str]:
    """The trace headers of a call made for the work at hand."""
    at_hand = _current.get().trace
    if at_hand is None:
        return {}
    headers = {"traceparent": at_hand.traceparent}
    if at_hand.state:
        headers["tracestate"] = at_hand.state
    return headers


def log_fields() -> Mapping[str, str]:
    """What log lines say of the work at hand."""
    known = trace_id()
    return {"trace_id": known} if known else {}
