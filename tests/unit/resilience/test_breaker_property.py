"""The breaker against a model that keeps every outcome in a list: they never differ, and it never sticks."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from msctl.resilience.breaker import Breaker, BreakerSettings, Permit

rates = st.sampled_from([0.1, 0.34, 0.5, 1.0])
configurations = st.builds(
    BreakerSettings,
    failure_rate=rates,
    slow_rate=rates,
    slow_call=st.just(1.0),
    window_calls=st.integers(1, 6),
    window_seconds=st.sampled_from([None, None, 10.0]),
    minimum_calls=st.integers(1, 6),
    wait=st.sampled_from([1.0, 5.0]),
    half_open_calls=st.integers(1, 4),
)


@dataclass
class Model:
    """The rules of resilience4j in their plainest form."""

    settings: BreakerSettings
    state: str = "closed"
    era: int = 0
    out: int = 0
    opened_at: float = 0.0
    outcomes: list[tuple[float, bool, bool]] = field(default_factory=list)

    def permits(self, now: float) -> bool:
        if self.state == "open" and now >= self.opened_at + self.settings.wait:
            self.enter("half_open")
        if self.state == "open":
            return False
        if self.state == "half_open" and self.out + len(self.outcomes) >= self.settings.half_open_calls:
            return False
        self.out += 1
        return True

    def end(self, era: int, now: float, failed: bool, slow: bool) -> None:
        if era != self.era:
            return
        self.out -= 1
        self.outcomes.append((now, failed, slow))
        recent = self.window(now)
        if len(recent) < self.minimum():
            return
        failure_rate = sum(failed for _, failed, _ in recent) / len(recent)
        slow_rate = sum(slow for *_, slow in recent) / len(recent)
        if failure_rate >= self.settings.failure_rate or slow_rate >= self.settings.slow_rate:
            self.opened_at = now
            self.enter("open")
        elif self.state == "half_open":
            self.enter("closed")

    def give_back(self, era: int) -> None:
        if era == self.era:
            self.out -= 1

    def enter(self, state: str) -> None:
        self.state, self.out, self.outcomes = state, 0, []
        self.era += 1

    def window(self, now: float) -> list[tuple[float, bool, bool]]:
        if self.state == "half_open":
            return self.outcomes
        if self.settings.window_seconds is None:
            return self.outcomes[-self.settings.window_calls :]
        return [o for o in self.outcomes if int(o[0]) > int(now) - int(self.settings.window_seconds)]

    def minimum(self) -> int:
        least = self.settings.minimum_calls
        if self.state == "half_open":
            return min(least, self.settings.half_open_calls)
        return least if self.settings.window_seconds else min(least, self.settings.window_calls)


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end and are given up in any order while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.calls: list[tuple[Permit, int]] = []

    @initialize(configuration=configurations)
    def configure(self, configuration: BreakerSettings) -> None:
        self.breaker = Breaker(configuration, lambda: self.now)
        self.model = Model(configuration)

    @rule()
    def begin(self) -> None:
        got = self.breaker.acquire()
        assert isinstance(got, Permit) == self.model.permits(self.now)
        if isinstance(got, Permit):
            self.calls.append((got, self.model.era))

    @rule(which=st.integers(0, 30), failed=st.booleans(), slow=st.booleans())
    def end(self, which: int, failed: bool, slow: bool) -> None:
        if not self.calls:
            return
        permit, era = self.calls.pop(which % len(self.calls))
        seconds = 1.5 if slow else 0.5
        if failed:
            permit.fail(seconds, "answered 500")
        else:
            permit.succeed(seconds)
        self.model.end(era, self.now, failed, slow)

    @rule(which=st.integers(0, 30))
    def give_up(self, which: int) -> None:
        if self.calls:
            permit, era = self.calls.pop(which % len(self.calls))
            permit.cancel(0.5)
            self.model.give_back(era)

    @rule(seconds=st.sampled_from([0.25, 1.0, 4.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def states_agree(self) -> None:
        if hasattr(self, "breaker"):
            assert self.breaker.state.value == self.model.state

    def teardown(self) -> None:
        """Once every call has ended, a call is permitted at the latest after the wait."""
        if not hasattr(self, "breaker"):
            return
        for permit, _ in self.calls:
            permit.ignore()
        self.now += self.breaker.settings.wait
        assert isinstance(self.breaker.acquire(), Permit)


def check(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        BreakerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_breaker_equals_its_model() -> None:
    check(examples=60, steps=50)


@pytest.mark.long
def test_breaker_equals_its_model_for_a_million_steps() -> None:
    check(examples=12_000, steps=100)
