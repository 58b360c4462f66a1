"""What is said of a call that was not let through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from msctl.resilience.breaker import TRIPPED_BY_HAND, CircuitState, Refusal
from msctl.resilience.refusal import refusal_sentence, retry_at, whole_seconds
from msctl.resilience.window import Tally


def refusal(cause: str, retry_in: float = 7.4, state: CircuitState = CircuitState.OPEN) -> Refusal:
    return Refusal(state, retry_in, Tally(calls=20, failed=12, slow=15), cause)


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (
            refusal("connection refused"),
            "circuit open (12 of 20 calls failed: connection refused); retry in 8 s",
        ),
        (refusal("slower than 2 s"), "circuit open (15 of 20 calls slower than 2 s); retry in 8 s"),
        (refusal(TRIPPED_BY_HAND, 600.0), "circuit open (tripped by hand); retry in 600 s"),
        (
            refusal("x", 1.0, CircuitState.HALF_OPEN),
            "circuit half open (trial calls are under way); retry in 1 s",
        ),
    ],
)
def test_the_sentence_of_a_refused_call(why: Refusal, sentence: str) -> None:
    assert refusal_sentence("orders", why) == f"Service 'orders' is unavailable: {sentence}"


@pytest.mark.parametrize(("seconds", "whole"), [(0.0, 1), (0.2, 1), (7.000_01, 7), (7.01, 8), (8.0, 8)])
def test_seconds_to_wait_are_whole(seconds: float, whole: int) -> None:
    assert whole_seconds(seconds) == whole


def test_the_moment_is_told_in_utc() -> None:
    now = datetime(2026, 11, 23, 12, 0, 0, 600_000, tzinfo=UTC)
    assert retry_at(now, 7) == "2026-11-23T12:00:07Z"
    assert retry_at(now.astimezone(timezone(timedelta(hours=2))), 7) == "2026-11-23T12:00:07Z"
