"""Every breaker scenario, and what the scenarios leave open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from msctl.resilience.breaker import Breaker, BreakerSettings, CircuitState, Permit, Refusal

SCENARIOS = json.loads(Path(__file__).with_name("breaker_scenarios.json").read_text())["scenarios"]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def settings_of(config: dict[str, Any]) -> BreakerSettings:
    """Scenario parameters, named after resilience4j, as ours."""
    timed = config["slidingWindowType"] == "TIME_BASED"
    size = config["slidingWindowSize"]
    return BreakerSettings(
        failure_rate=config["failureRateThreshold"] / 100,
        slow_rate=config["slowCallRateThreshold"] / 100,
        slow_call=config["slowCallDurationThresholdMs"] / 1000,
        window_calls=size,
        window_seconds=float(size) if timed else None,
        minimum_calls=config["minimumNumberOfCalls"],
        wait=config["waitDurationInOpenStateMs"] / 1000,
        half_open_calls=config["permittedNumberOfCallsInHalfOpenState"],
    )


def settle(permit: Permit, outcome: str, seconds: float) -> None:
    """End a call as a scenario says."""
    match outcome:
        case "success":
            permit.succeed(seconds)
        case "failure":
            permit.fail(seconds, "connection refused")
        case "ignored":
            permit.ignore()
        case "cancelled":
            permit.cancel(seconds)
        case _:
            pytest.fail(f"unknown outcome {outcome}")


class Player:
    """Plays the steps of one scenario against one breaker for each target."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.clock = Clock()
        self.settings = settings_of(config)
        self.breakers: dict[str, Breaker] = {}
        self.permits: dict[str, Permit] = {}
        self.owners: dict[str, Breaker] = {}
        self.transitions: list[tuple[CircuitState, CircuitState]] = []

    def breaker(self, target: str) -> Breaker:
        if target not in self.breakers:
            self.breakers[target] = Breaker(
                self.settings, self.clock, listener=lambda a, b: self.transitions.append((a, b))
            )
        return self.breakers[target]

    def play(self, step: dict[str, Any]) -> tuple[bool | None, CircuitState]:
        self.clock.now = step["at_ms"] / 1000
        if step["do"] == "end":
            settle(self.permits[step["ref"]], step["outcome"], step["duration_ms"] / 1000)
            return None, self.owners[step["ref"]].state
        breaker = self.breaker(step.get("target", "default"))
        if step["do"] == "look":
            return None, breaker.view().state
        got = breaker.acquire()
        if isinstance(got, Permit):
            if step["do"] == "begin":
                self.permits[step["ref"]], self.owners[step["ref"]] = got, breaker
            else:
                settle(got, step["outcome"], step["duration_ms"] / 1000)
        return isinstance(got, Permit), breaker.state


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{s['id']} {s['title']}")
def test_scenario(scenario: dict[str, Any]) -> None:
    player = Player(scenario["config"])
    for number, step in enumerate(scenario["steps"]):
        permitted, state = player.play(step)
        expect = step.get("expect", {})
        if "permitted" in expect:
            assert permitted == expect["permitted"], f"step {number}: {step}"
        if "state" in expect:
            wanted = expect["state"] if isinstance(expect["state"], list) else [expect["state"]]
            assert state.name in wanted, f"step {number}: {step}"


def test_ten_late_failures_make_one_transition() -> None:
    scenario = next(s for s in SCENARIOS if s["id"] == "CB-42")
    player = Player(scenario["config"])
    opened = [player.play(step) for step in scenario["steps"] if step["at_ms"] < 1000]
    assert opened
    assert player.transitions == [(CircuitState.CLOSED, CircuitState.OPEN)]


def opened(clock: Clock, **changes: Any) -> Breaker:
    """A breaker that four refused connections have opened at time 0."""
    settings = BreakerSettings(**{"window_calls": 4, "minimum_calls": 4, "half_open_calls": 2, **changes})
    breaker = Breaker(settings, clock, dice=lambda: 1.0)
    fail(breaker, 4)
    return breaker


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        permit = breaker.acquire()
        assert isinstance(permit, Permit)
        permit.fail(0.01, "connection refused")


def test_refusal_says_why_and_until_when() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 1.5
    refusal = breaker.acquire()
    assert isinstance(refusal, Refusal)
    assert (refusal.tally.failed, refusal.tally.calls, refusal.cause) == (4, 4, "connection refused")
    assert refusal.retry_in == pytest.approx(3.5)


def test_looking_takes_no_permit() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 5.0
    for _ in range(10):
        assert breaker.refusal() is None
    assert breaker.state is CircuitState.OPEN
    assert isinstance(breaker.acquire(), Permit)


def test_a_permit_counts_once() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 5.0
    permit = breaker.acquire()
    assert isinstance(permit, Permit)
    permit.ignore()
    permit.ignore()
    permit.succeed(0.01)
    assert isinstance(breaker.acquire(), Permit)
    assert isinstance(breaker.acquire(), Permit)
    assert isinstance(breaker.acquire(), Refusal)


def test_slow_cancel_is_recorded_as_slow() -> None:
    breaker = Breaker(BreakerSettings(slow_call=1.0, window_calls=2, minimum_calls=2), Clock())
    for _ in range(2):
        permit = breaker.acquire()
        assert isinstance(permit, Permit)
        permit.cancel(1.5)
    assert breaker.state is CircuitState.OPEN
    assert breaker.view().cause == "slower than 1 s"


def test_wait_grows_only_when_asked_and_is_limited() -> None:
    clock = Clock()
    breaker = opened(clock, wait=1.0, wait_growth=2.0, wait_limit=3.0)
    waits = []
    for _ in range(4):
        retry_in = breaker.view().retry_in
        assert retry_in is not None
        waits.append(retry_in)
        clock.now += retry_in
        fail(breaker, 2)
    assert waits == [1.0, 2.0, 3.0, 3.0]


def test_jitter_moves_the_wait() -> None:
    breaker = opened(Clock(), wait=10.0, wait_jitter=0.2)
    assert breaker.view().retry_in == pytest.approx(12.0)


def test_trip_and_reset_by_hand() -> None:
    clock = Clock()
    breaker = Breaker(BreakerSettings(), clock)
    late = breaker.acquire()
    assert isinstance(late, Permit)
    breaker.trip(600.0)
    late.succeed(0.01)
    refusal = breaker.acquire()
    assert isinstance(refusal, Refusal)
    assert (refusal.cause, refusal.retry_in) == ("tripped by hand", 600.0)
    breaker.reset()
    assert isinstance(breaker.acquire(), Permit)
    assert breaker.view().tally.calls == 0


def test_known_recovery_ends_the_wait() -> None:
    breaker = opened(Clock())
    breaker.try_now()
    assert isinstance(breaker.acquire(), Permit)
    assert breaker.state is CircuitState.HALF_OPEN
