"""Instances: snapshots, ejection and its limits, the way back."""

from __future__ import annotations

from msctl.resilience.endpoints import Address, EjectionSettings, Endpoint, Endpoints


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def addresses(count: int) -> list[Address]:
    return [Address(f"orders-{n}", "10.0.0.1", 8000 + n) for n in range(count)]


def made(count: int, checked: bool = False) -> tuple[Endpoints, Clock]:
    clock = Clock()
    endpoints = Endpoints(EjectionSettings(failures=3, wait=5.0, wait_limit=15.0), clock, checked)
    endpoints.replace(addresses(count))
    return endpoints, clock


def fail(endpoints: Endpoints, endpoint: Endpoint, times: int) -> bool:
    return [endpoints.failed(endpoint) for _ in range(times)][-1]


def test_three_failures_in_a_row_eject() -> None:
    endpoints, _ = made(3)
    bad = endpoints.all[0]
    assert not fail(endpoints, bad, 2)
    endpoints.succeeded(bad)
    assert not fail(endpoints, bad, 2)
    assert fail(endpoints, bad, 1)
    assert bad not in endpoints.candidates()


def test_at_most_half_and_never_the_last() -> None:
    endpoints, _ = made(3)
    assert fail(endpoints, endpoints.all[0], 3)
    assert not fail(endpoints, endpoints.all[1], 3)
    alone, _ = made(1)
    assert not fail(alone, alone.all[0], 10)
    assert len(alone.candidates()) == 1


def test_back_after_a_growing_time_on_probation() -> None:
    endpoints, clock = made(2)
    bad = endpoints.all[0]
    for wait in (5.0, 10.0, 15.0, 15.0):
        fail(endpoints, bad, 3)
        clock.now += wait - 0.01
        assert bad not in endpoints.candidates()
        clock.now += 0.01
        assert bad in endpoints.candidates()
        assert bad.failures == 2


def test_success_ends_growth() -> None:
    endpoints, clock = made(2)
    bad = endpoints.all[0]
    fail(endpoints, bad, 3)
    clock.now += 5
    endpoints.candidates()
    endpoints.succeeded(bad)
    assert (bad.failures, bad.ejections) == (0, 0)


def test_an_active_check_decides_where_there_is_one() -> None:
    endpoints, clock = made(2, checked=True)
    bad = endpoints.all[0]
    fail(endpoints, bad, 3)
    clock.now = 100.0
    assert bad not in endpoints.candidates()
    assert endpoints.due() == [bad]
    endpoints.extend(bad)
    assert endpoints.due() == []
    endpoints.readmit(bad)
    assert bad in endpoints.candidates()


def test_a_retry_prefers_ejected_over_none_but_never_a_tried_one() -> None:
    endpoints, _ = made(2)
    bad, good = endpoints.all
    fail(endpoints, bad, 3)
    assert endpoints.candidates([good]) == [bad]
    assert endpoints.candidates([good, bad]) == []


def test_snapshot_keeps_state_of_those_that_stay() -> None:
    endpoints, _ = made(3)
    stays = endpoints.all[1]
    stays.outstanding = 4
    gone = endpoints.replace(addresses(2)[1:])
    assert [e.address.name for e in gone] == ["orders-0", "orders-2"]
    assert endpoints.all == (stays,)
    moved = endpoints.replace([Address("orders-1", "10.0.0.9", 8001)])
    assert moved == (stays,)


def test_ejected_ones_that_leave_free_the_quota() -> None:
    endpoints, _ = made(4)
    fail(endpoints, endpoints.all[0], 3)
    fail(endpoints, endpoints.all[1], 3)
    endpoints.replace(addresses(4)[2:])
    assert fail(endpoints, endpoints.all[0], 3)
