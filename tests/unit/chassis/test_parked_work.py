"""Parked events are tried again in their order, exactly as often as configured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from msctl.chassis.backoff import Backoff
from msctl.chassis.cloudevents import Event, render
from msctl.chassis.handling import Handlers, Subscription
from msctl.chassis.parked_work import ParkedWork
from msctl.chassis.parking import Failure
from msctl.errors import BrokerError
from tests.unit.chassis.doubles import FlakyStore

QUICK = Backoff(first=0.0001, most=0.0001)
WAITS = ("1ms", "2ms")


class Bench:
    """Parked work over memory; ``bad`` are ids whose handler fails."""

    def __init__(self) -> None:
        self.store = FlakyStore()
        self.bad: set[str] = set()
        self.seen: list[str] = []
        self.tried: list[str] = []
        self.dead: list[tuple[str, str, Mapping[str, str | int]]] = []
        self.broker_away = False
        handlers = Handlers([Subscription("#", self._handle)], self.store, QUICK)
        self.work = ParkedWork("orders", handlers, self.store, self, lambda *_: None, WAITS, QUICK)

    async def _handle(self, event: Event, _: Any) -> None:
        self.tried.append(event.id)
        if event.id in self.bad:
            raise ValueError("no")
        self.seen.append(event.id)

    async def bury(self, queue: str, event: Event, body: bytes, headers: Mapping[str, str | int]) -> None:
        if self.broker_away:
            raise BrokerError("away")
        self.dead.append((queue, event.id, headers))

    async def park(self, key: str, *ids: str) -> None:
        """The first was tried once, the others came after it."""
        for number, event_id in enumerate(ids):
            event = Event(event_id, "/s", "t", None, partition_key=key)
            failure = Failure(1, "ValueError: no", 0.0) if number == 0 else None
            async with self.store.transaction() as transaction:
                await transaction.parking.park(key, event, render(event), failure)

    async def settle(self) -> None:
        """Work until nothing waits."""
        while self.store._lanes:  # noqa: ASYNC110
            await asyncio.sleep(await self.work.work_once())


async def until(question: Callable[[], bool]) -> None:
    """Wait for a condition."""
    while not question():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def test_a_lane_is_worked_off_in_its_order() -> None:
    bench = Bench()
    await bench.park("ann", "1", "2", "3")
    await bench.settle()
    assert bench.seen == ["1", "2", "3"]


async def test_what_always_fails_is_buried_after_its_last_try_and_lets_the_next_pass() -> None:
    bench = Bench()
    bench.bad = {"1"}
    await bench.park("ann", "1", "2")
    await bench.settle()
    assert bench.dead == [("orders.dead", "1", {"x-msctl-tries": 3, "x-msctl-cause": "ValueError: no"})]
    assert bench.tried == ["1", "1", "2"]


async def test_one_key_does_not_wait_for_another() -> None:
    bench = Bench()
    bench.bad = {"1"}
    await bench.park("ann", "1", "2")
    await bench.park("bob", "3")
    await bench.work.work_once()
    assert bench.seen == ["3"]


async def test_an_absent_broker_costs_no_further_try() -> None:
    bench = Bench()
    bench.bad, bench.broker_away = {"1"}, True
    await bench.park("ann", "1")
    running = asyncio.create_task(bench.work.run())
    await until(lambda: len(bench.tried) == 2)
    bench.broker_away = False
    await until(lambda: not bench.store._lanes)
    await bench.work.stop()
    await running
    assert bench.tried == ["1", "1"]
    assert len(bench.dead) == 1


async def test_an_event_that_another_delivery_brought_meanwhile_has_one_effect() -> None:
    bench = Bench()
    await bench.park("ann", "1", "2")
    async with bench.store.transaction() as transaction:
        await transaction.first_time(Event("1", "/s", "t", None))
    await bench.settle()
    assert bench.seen == ["2"]


async def test_an_absent_database_costs_no_try() -> None:
    bench = Bench()
    await bench.park("ann", "1")
    async with bench.store.transaction() as transaction:
        (head,) = await transaction.parking.heads(5)
    bench.store.away = 1
    running = asyncio.create_task(bench.work.run())
    await until(lambda: bool(bench.seen))
    await bench.work.stop()
    await running
    assert (bench.tried, head.tries) == (["1"], 1)


async def test_two_replicas_do_not_try_one_event_at_once() -> None:
    bench = Bench()
    await bench.park("ann", "1")
    await asyncio.gather(bench.work.work_once(), bench.work.work_once())
    assert bench.tried == ["1"]
