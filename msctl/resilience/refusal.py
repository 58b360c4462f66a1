"""What is said of a call that a circuit did not let through, and when to try it again."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from msctl.resilience.breaker import TRIPPED_BY_HAND, CircuitState, Refusal


def refusal_sentence(service: str, refusal: Refusal) -> str:
    """Why a call to ``service`` was not even tried."""
    if refusal.state is CircuitState.HALF_OPEN:
        why = "circuit half open (trial calls are under way)"
    else:
        why = f"circuit open ({_reason(refusal)})"
    return f"Service '{service}' is unavailable: {why}; retry in {whole_seconds(refusal.retry_in)} s"


def whole_seconds(seconds: float) -> int:
    """Seconds as ``Retry-After`` has them: rounded up, at least one."""
    return max(1, math.ceil(round(seconds, 3)))


def retry_at(now: datetime, seconds: int) -> str:
    """The moment that ``Retry-After: seconds`` means, in RFC 3339 UTC."""
    moment = now.astimezone(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _reason(refusal: Refusal) -> str:
    tally, cause = refusal.tally, refusal.cause
    if cause == TRIPPED_BY_HAND:
        return TRIPPED_BY_HAND
    if cause is not None and cause.startswith("slower than "):
        return f"{tally.slow} of {tally.calls} calls {cause}"
    return f"{tally.failed} of {tally.calls} calls failed: {cause}"
