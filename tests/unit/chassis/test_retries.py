"""What becomes of a failed event."""

from __future__ import annotations

import pytest

from msctl.chassis.backoff import Backoff
from msctl.chassis.retries import Bury, Retry, after_failure, seconds, tries_so_far
from msctl.labels import retry_tier


def test_each_tier_is_used_once_and_then_the_dead_letter_queue() -> None:
    steps = [after_failure("orders", failed, ("500ms", "10s", "60s")) for failed in range(4)]
    assert steps == [
        Retry("orders.retry.500ms", 1, 0.5),
        Retry("orders.retry.10s", 2, 10.0),
        Retry("orders.retry.60s", 3, 60.0),
        Bury("orders.dead", 4),
    ]


def test_without_waits_the_first_failure_is_the_last() -> None:
    assert after_failure("orders", 0, ()) == Bury("orders.dead", 1)


def test_a_wait_is_read_as_its_queue_is_named() -> None:
    for wait in (0.001, 0.5, 1.0, 90.0, 2_592_000.0):
        assert seconds(retry_tier(wait)) == wait


def test_more_failures_than_tiers_stay_dead() -> None:
    assert after_failure("orders", 50, ("1s",)) == Bury("orders.dead", 51)


@pytest.mark.parametrize("count", [None, "2", -1, 1.5, b"3", [1]])
def test_a_header_that_is_no_count_means_no_tries(count: object) -> None:
    assert tries_so_far({"x-msctl-tries": count}) == 0


def test_tries_are_read_from_the_header() -> None:
    assert tries_so_far({"x-msctl-tries": 2, "x-death": []}) == 2
    assert tries_so_far({}) == 0


@pytest.mark.parametrize(("chance", "expected"), [(0.0, [0.5, 1.0, 1.5, 1.5]), (1.0, [1.0, 2.0, 3.0, 3.0])])
def test_backoff_grows_to_its_limit_with_jitter_in_its_upper_half(
    chance: float, expected: list[float]
) -> None:
    backoff = Backoff(first=1.0, most=3.0, chance=lambda: chance)
    assert [backoff.delay(failures) for failures in (1, 2, 3, 10_000)] == expected
