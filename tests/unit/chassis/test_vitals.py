"""What fails a service's health, and what only worries it."""

from __future__ import annotations

import asyncio

from msctl.chassis.vitals import Vitals
from tests.unit.chassis.doubles import FlakyStore


def started(store: FlakyStore) -> Vitals:
    vitals = Vitals("orders-1", store)
    vitals.started = True
    return vitals


async def test_not_ready_before_the_database_is_but_alive() -> None:
    vitals = Vitals("orders-1", FlakyStore())
    assert (await vitals.composite()).status == "fail"
    assert vitals.alive().status == "pass"


async def test_the_cause_of_a_late_start_is_told() -> None:
    vitals = Vitals("orders-1", FlakyStore())
    vitals.start_cause = "password authentication failed"
    assert "password authentication failed" in str((await vitals.composite()).output)


async def test_ready_with_its_database() -> None:
    assert (await started(FlakyStore()).composite()).status == "pass"


async def test_an_absent_database_fails_readiness_not_liveness() -> None:
    store = FlakyStore()
    store.away = 1
    vitals = started(store)
    assert (await vitals.composite()).status == "fail"
    assert vitals.alive().status == "pass"


async def test_an_absent_broker_is_a_warning_with_its_cause() -> None:
    vitals = started(FlakyStore())
    vitals.broker_causes = lambda: ("connection refused", None)
    health = await vitals.composite()
    assert health.status == "warn"
    assert health.output == "rabbitmq: connection refused"


async def test_a_stopping_service_takes_no_more_work() -> None:
    vitals = started(FlakyStore())
    vitals.stopping = True
    health = await vitals.composite()
    assert (health.status, health.output) == ("fail", "stopping")


async def test_many_questions_at_a_time_are_one_for_the_database() -> None:
    store = FlakyStore()
    asked = 0

    async def ping() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    store.ping = ping  # type: ignore[method-assign]
    vitals = started(store)
    found = await asyncio.gather(*(vitals.composite() for _ in range(50)))
    assert {health.status for health in found} == {"pass"}
    assert asked == 1
    await vitals.composite()
    assert asked == 2
