"""A check that comes and goes: after a few times its instance waits before it gets calls again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from msctl.resilience.balancer import RoundRobin
from msctl.resilience.endpoints import Address, EjectionSettings, Endpoint, Endpoints
from msctl.resilience.flapping import Flapping, FlapSettings

STEADY = Address("orders-1", "10.0.0.1", 8001, entry=7)
WAVERING = Address("orders-2", "10.0.0.1", 8002, entry=8)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def endpoints(clock: Clock) -> Endpoints:
    made = Endpoints(EjectionSettings(), clock)
    made.replace([STEADY, WAVERING])
    return made


def leave_and_come(endpoints: Endpoints, clock: Clock, times: int, wavering: Address = WAVERING) -> Endpoint:
    """Out and in again, two seconds each; returns the instance as it came last."""
    for _ in range(times):
        clock.now += 2.0
        endpoints.replace([STEADY])
        clock.now += 2.0
        endpoints.replace([STEADY, wavering])
    return endpoints.all[1]


def names(found: object) -> list[str]:
    assert isinstance(found, (list, tuple))
    return [endpoint.address.name for endpoint in found]


def test_waits_double_and_departures_are_forgotten(clock: Clock) -> None:
    flapping = Flapping(FlapSettings(departures=2, window=10.0, wait=3.0, wait_limit=20.0), clock)
    waits = []
    for _ in range(6):
        flapping.left("orders-1")
        waits.append(flapping.wait("orders-1"))
    assert waits == [0.0, 3.0, 6.0, 12.0, 20.0, 20.0]
    assert flapping.wait("orders-2") == 0.0
    clock.now = 10.0
    assert flapping.wait("orders-1") == 0.0
    assert len(flapping) == 0


def test_the_third_return_within_a_minute_waits(endpoints: Endpoints, clock: Clock) -> None:
    leave_and_come(endpoints, clock, 2)
    assert names(endpoints.candidates()) == ["orders-1", "orders-2"]
    leave_and_come(endpoints, clock, 1)
    assert names(endpoints.candidates()) == ["orders-1"]
    clock.now += 5.0
    assert names(endpoints.candidates()) == ["orders-1", "orders-2"]


def test_five_minutes_of_passing_and_failing_every_two_seconds(endpoints: Endpoints, clock: Clock) -> None:
    """Until its third return it gets its share, later nothing, and it is back a minute after all is quiet."""
    choose, early, late = RoundRobin(), Counter[str](), Counter[str]()
    most_kept = 0
    for second in range(300):
        endpoints.replace([STEADY, WAVERING] if second % 4 < 2 else [STEADY])
        most_kept = max(most_kept, len(endpoints._flapping))
        for _ in range(10):
            clock.now += 0.1
            chosen = choose(endpoints.candidates())
            (early if second < 12 else late)[chosen.address.name] += 1
            endpoints.succeeded(chosen)
    assert early["orders-2"] == 30
    assert late == {"orders-1": 2880}
    assert most_kept <= 16
    endpoints.replace([STEADY, WAVERING])
    clock.now += 60.0
    assert names(endpoints.candidates()) == ["orders-1", "orders-2"]


def test_a_good_answer_does_not_end_the_wait(endpoints: Endpoints, clock: Clock) -> None:
    held = leave_and_come(endpoints, clock, 3)
    assert endpoints.candidates([endpoints.all[0]]) == [held]
    endpoints.succeeded(held)
    assert names(endpoints.candidates()) == ["orders-1"]


def test_what_is_entered_anew_or_stands_in_no_catalog_does_not_flap(
    endpoints: Endpoints, clock: Clock
) -> None:
    for entry in range(10, 20):
        leave_and_come(endpoints, clock, 1, replace(WAVERING, entry=entry))
        assert len(endpoints.candidates()) == 2
    fixed = Endpoints(EjectionSettings(), clock)
    leave_and_come(fixed, clock, 10, replace(WAVERING, entry=None))
    assert len(fixed.candidates()) == 2


def test_never_the_last_and_at_most_half(clock: Clock) -> None:
    endpoints = Endpoints(EjectionSettings(), clock)
    three = [replace(WAVERING, name=f"orders-{n}", port=8000 + n) for n in range(3)]
    for _ in range(5):
        endpoints.replace(three)
        endpoints.replace([])
    endpoints.replace(three[:1])
    assert len(endpoints.candidates()) == 1
    endpoints.replace([])
    endpoints.replace(three)
    assert len(endpoints.candidates()) == 2


def test_calls_that_fail_weigh_more_than_a_check_that_wavers(endpoints: Endpoints, clock: Clock) -> None:
    leave_and_come(endpoints, clock, 3)
    steady = endpoints.all[0]
    assert [endpoints.failed(steady) for _ in range(3)] == [False, False, True]
    assert names(endpoints.candidates()) == ["orders-2"]


def test_the_last_one_there_is_called_though_it_waits(endpoints: Endpoints, clock: Clock) -> None:
    held = leave_and_come(endpoints, clock, 3)
    endpoints.replace([WAVERING])
    assert endpoints.candidates() == [held]
