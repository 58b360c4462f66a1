"""Balancer, retry, deadline, rate limit, bulkhead."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from msctl.resilience.balancer import balancer
from msctl.resilience.concurrency import ConcurrencyLimit
from msctl.resilience.deadline import Deadline, attempt_timeout, caller_timeout, timeout_header
from msctl.resilience.endpoints import Address, Endpoint
from msctl.resilience.latency import UsualLatency
from msctl.resilience.ratelimit import Rate, RateLimit
from msctl.resilience.retry import RetryBudget, backoff, is_repeatable


def endpoints(*weights: int) -> list[Endpoint]:
    return [Endpoint(Address(str(n), "::1", n, weight)) for n, weight in enumerate(weights)]


def test_least_requests_of_two_avoids_the_busiest() -> None:
    candidates = endpoints(1, 1, 1)
    candidates[1].outstanding = 9
    choose = balancer("least_requests", random.Random(1).random)
    chosen = Counter(choose(candidates).address.name for _ in range(300))
    assert chosen["1"] == 0
    assert min(chosen["0"], chosen["2"]) > 100


def test_least_requests_compares_two_different_ones() -> None:
    candidates = endpoints(1, 1)
    candidates[0].outstanding = 1
    choose = balancer("least_requests", random.Random(2).random)
    assert {choose(candidates).address.name for _ in range(50)} == {"1"}


def test_round_robin_takes_turns() -> None:
    choose = balancer("round_robin", random.random)
    candidates = endpoints(1, 1, 1)
    assert [choose(candidates).address.name for _ in range(6)] == list("012012")


def test_weights_are_kept_without_runs() -> None:
    choose = balancer("weighted", random.random)
    candidates = endpoints(5, 1, 1)
    names = [choose(candidates).address.name for _ in range(7)]
    assert Counter(names) == {"0": 5, "1": 1, "2": 1}
    assert names != sorted(names)


@pytest.mark.parametrize(
    ("method", "key", "repeatable"),
    [
        ("GET", False, True),
        ("DELETE", False, True),
        ("POST", False, False),
        ("POST", True, True),
        ("PATCH", False, False),
    ],
)
def test_repeatable(method: str, key: bool, repeatable: bool) -> None:
    assert is_repeatable(method, key) is repeatable


def test_budget_is_a_share_plus_a_floor_over_ten_seconds() -> None:
    now = [0.0]
    budget = RetryBudget(lambda: now[0])
    for _ in range(1000):
        budget.count_request()
    assert sum(budget.take() for _ in range(1000)) == 230
    now[0] = 11.0
    assert sum(budget.take() for _ in range(100)) == 30
    now[0] = 22.0
    assert budget.take()


def test_backoff_stays_under_a_doubling_ceiling() -> None:
    assert [backoff(n, lambda: 1.0) for n in (1, 2, 3, 9)] == [0.02, 0.04, 0.08, 0.25]
    assert backoff(3, lambda: 0.0) == 0.0


def test_attempts_get_less_than_the_deadline_while_another_may_follow() -> None:
    assert attempt_timeout(2.0, can_retry=True, usual=0.01) == 1.0
    assert attempt_timeout(2.0, can_retry=False, usual=0.01) == 2.0


def test_what_is_merely_slow_is_not_asked_twice() -> None:
    assert attempt_timeout(2.0, can_retry=True, usual=0.8) == pytest.approx(1.2)
    assert attempt_timeout(2.0, can_retry=True, usual=1.4) == 2.0
    assert attempt_timeout(2.0, can_retry=True, usual=0.0) == 1.0


@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.4])
def test_one_answer_is_enough_to_learn_that_a_service_is_slow(seconds: float) -> None:
    usual = UsualLatency()
    assert usual.seconds == 0.0
    for _ in range(3):
        usual.observe(seconds)
        assert usual.seconds == pytest.approx(seconds)


def test_what_was_slow_and_is_not_is_forgotten() -> None:
    usual = UsualLatency()
    usual.observe(1.0)
    for _ in range(60):
        usual.observe(0.1)
    assert usual.seconds == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("every", [10, 20, 50])
def test_a_slow_answer_now_and_then_leaves_time_for_another_instance(every: int) -> None:
    usual = UsualLatency()
    for number in range(1000):
        usual.observe(1.4 if number % every == every - 1 else 0.002)
        assert attempt_timeout(2.0, True, usual.seconds) < 1.5


def test_a_service_that_is_slow_half_of_the_time_is_borne_with() -> None:
    usual = UsualLatency()
    for number in range(1000):
        usual.observe(1.0 if number % 2 else 0.2)
        assert number < 20 or attempt_timeout(2.0, True, usual.seconds) > 1.2


def test_deadline() -> None:
    deadline = Deadline(10.0).sooner(None, 4.0).sooner(2.0, 4.0)
    assert deadline.remaining(5.0) == 1.0
    assert deadline.remaining(7.0) == 0.0
    assert deadline.sooner(60.0, 5.0) == deadline


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1500", 1.5),
        (None, None),
        ("-1", None),
        ("1e3", None),
        ("", None),
        ("9" * 40, None),
        ("٣", None),
        ("0", 0.0),
    ],
)
def test_caller_timeout(value: str | None, seconds: float | None) -> None:
    assert caller_timeout(value) == seconds


def test_timeout_header_is_whole_milliseconds() -> None:
    assert (timeout_header(1.2345), timeout_header(0.0)) == ("1234", "1")


def test_rate_limit_allows_a_burst_then_the_rate() -> None:
    now = [0.0]
    limit = RateLimit(Rate(requests=10, seconds=1.0, burst=3), lambda: now[0])
    assert [limit.ask("ann") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert limit.ask("ann") == pytest.approx(0.1)
    assert limit.ask("bob") == 0.0
    now[0] = 0.1
    assert limit.ask("ann") == 0.0
    assert limit.ask("ann") > 0.0


def test_rate_limit_memory_is_bounded() -> None:
    limit = RateLimit(Rate(1, 1.0, 1), lambda: 0.0, max_keys=2)
    for key in ("a", "b", "c"):
        assert limit.ask(key) == 0.0
    assert limit.ask("c") > 0.0
    assert limit.ask("a") == 0.0


def test_bulkhead() -> None:
    limit = ConcurrencyLimit(1)
    assert limit.enter()
    assert not limit.enter()
    limit.leave()
    assert limit.enter()


@pytest.mark.parametrize(("places", "lasting"), [(1, 1), (2, 1), (5, 2), (1000, 500)])
def test_lasting_calls_have_half_of_the_places(places: int, lasting: int) -> None:
    limit = ConcurrencyLimit(places)
    assert [limit.prolong() for _ in range(lasting + 1)] == [True] * lasting + [False]
    limit.hasten()
    assert limit.prolong()


@pytest.mark.parametrize("start", [0.0, 0.5, 0.95])
def test_the_retry_budget_holds_over_any_ten_seconds(start: float) -> None:
    now = [start]
    budget = RetryBudget(lambda: now[0])
    taken: list[float] = []
    for step in range(3000):
        now[0] = start + step / 100
        budget.count_request()
        taken += [now[0] for _ in range(2) if budget.take()]
    worst = max(sum(1 for t in taken if first <= t < first + 10) for first in taken)
    assert worst <= 0.2 * 1000 + 30
