"""What is done with an event that reached the queue."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from msctl.chassis import context
from msctl.chassis.backoff import Backoff
from msctl.chassis.cloudevents import Event, render
from msctl.chassis.handling import Handlers, Subscription
from msctl.chassis.parking import Parked
from msctl.chassis.subscriptions import Subscriptions
from tests.unit.chassis.doubles import FakeDelivery, FlakyStore, delivery, types


class Bench:
    """Subscriptions with one handler, over memory."""

    def __init__(self, pattern: str = "payment.*", ordered: tuple[str, ...] = ()) -> None:
        self.store = FlakyStore()
        self.seen: list[str] = []
        self.outcomes: list[tuple[str, str]] = []
        self.failing: Exception | None = None
        quick = Backoff(first=0.0001, most=0.0001)
        handlers = Handlers([Subscription(pattern, self.handle)], self.store, quick)
        self.subscriptions = Subscriptions(
            "orders", handlers, lambda event_type, outcome: self.outcomes.append((event_type, outcome)),
            ("1s", "10s", "60s"), ordered, quick,
        )  # fmt: skip

    async def handle(self, event: Event, transaction: Any) -> None:
        await transaction.publish("order.paid", event.id)
        self.seen.append(event.id)
        if self.failing:
            raise self.failing

    async def receive(self, received: FakeDelivery) -> FakeDelivery:
        await self.subscriptions.receive(received)
        return received


async def test_a_handled_event_is_acknowledged_and_its_effects_kept() -> None:
    bench = Bench()
    received = await bench.receive(delivery())
    assert received.done == ["acknowledged"]
    assert types(tuple(bench.store.outbox)) == ["order.paid"]
    assert bench.outcomes == [("payment.captured", "handled")]


async def test_a_second_delivery_has_no_effect() -> None:
    bench = Bench()
    await bench.receive(delivery())
    second = await bench.receive(delivery())
    assert second.done == ["acknowledged"]
    assert bench.seen == ["1"]
    assert len(bench.store.outbox) == 1


async def test_a_failing_handler_leaves_nothing_and_the_event_is_retried_later() -> None:
    bench = Bench()
    bench.failing = ValueError("no such order")
    received = await bench.receive(delivery())
    headers = {"x-msctl-tries": 1, "x-msctl-cause": "ValueError: no such order"}
    assert received.forwarded == [("orders.retry.1s", headers)]
    assert received.done == ["acknowledged"]
    assert not bench.store.outbox


async def test_a_retry_that_succeeds_is_no_duplicate() -> None:
    bench = Bench()
    bench.failing = ValueError("not yet")
    await bench.receive(delivery())
    bench.failing = None
    await bench.receive(delivery(tries=1))
    assert bench.outcomes == [("payment.captured", "retry"), ("payment.captured", "handled")]
    assert len(bench.store.outbox) == 1


async def test_the_last_failure_buries_the_event_with_its_cause() -> None:
    bench = Bench()
    bench.failing = ValueError("never")
    received = await bench.receive(delivery(tries=3))
    assert received.forwarded == [("orders.dead", {"x-msctl-tries": 4, "x-msctl-cause": "ValueError: never"})]
    assert bench.outcomes == [("payment.captured", "dead")]


async def test_an_absent_database_costs_no_tries() -> None:
    bench = Bench()
    bench.store.away = 20
    received = await bench.receive(delivery())
    assert received.forwarded == []
    assert received.done == ["acknowledged"]
    assert bench.seen == ["1"]


async def test_what_cannot_be_forwarded_is_given_back() -> None:
    bench = Bench()
    bench.failing = ValueError("no")
    received = delivery()
    received.forwarding_fails = True
    await bench.receive(received)
    assert received.done == ["given back"]


@pytest.mark.parametrize("body", [b"junk", b"{}"])
async def test_what_is_no_event_is_buried_at_once(body: bytes) -> None:
    bench = Bench()
    received = await bench.receive(FakeDelivery(body))
    assert received.forwarded[0][0] == "orders.dead"
    assert "EventInvalid" in str(received.forwarded[0][1]["x-msctl-cause"])


async def test_what_was_published_as_something_else_is_buried_at_once() -> None:
    bench = Bench()
    received = delivery("payment.captured")
    received.published_as = "notification.sent"
    await bench.receive(received)
    assert received.forwarded[0][0] == "orders.dead"
    assert "published as 'notification.sent'" in str(received.forwarded[0][1]["x-msctl-cause"])
    received = delivery("payment.captured")
    received.published_as = "payment.captured"
    assert not (await bench.receive(received)).forwarded


async def test_an_event_that_nobody_handles_is_buried() -> None:
    bench = Bench("order.*")
    received = await bench.receive(delivery("payment.captured"))
    assert received.forwarded[0][0] == "orders.dead"
    assert "no handler" in str(received.forwarded[0][1]["x-msctl-cause"])


async def test_the_handler_works_in_the_events_trace() -> None:
    traces: list[str | None] = []

    async def handle(_: Event, __: Any) -> None:
        traces.append(context.trace_id())

    handlers = Handlers([Subscription("#", handle)], FlakyStore(), Backoff())
    subscriptions = Subscriptions("orders", handlers, lambda *_: None, ())
    parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    await subscriptions.receive(FakeDelivery(render(Event("1", "/s", "t", None, traceparent=parent))))
    assert traces == ["a" * 32]
    assert context.trace_id() is None


def keyed(event_id: str, key: str | None, event_type: str = "payment.captured") -> FakeDelivery:
    """A delivery of an event with a partition key."""
    return FakeDelivery(render(Event(event_id, "/shop/payments", event_type, {}, partition_key=key)))


async def test_while_one_event_of_a_key_waits_for_its_retry_the_later_ones_are_parked_behind_it() -> None:
    bench = Bench(ordered=("payment.*",))
    bench.failing = ValueError("not yet")
    first = await bench.receive(keyed("1", "ann"))
    bench.failing = None
    later = [await bench.receive(keyed(n, "ann")) for n in ("2", "3")]
    other = await bench.receive(keyed("4", "bob"))
    for received in (first, *later, other):
        assert (received.done, received.forwarded) == (["acknowledged"], [])
    assert [outcome for _, outcome in bench.outcomes] == ["retry", "parked", "parked", "handled"]
    (head,) = await heads(bench.store)
    assert (head.key, head.identity, head.tries) == ("ann", "/shop/payments 1", 1)
    assert head.cause == "ValueError: not yet"


async def heads(store: FlakyStore) -> list[Parked]:
    async with store.transaction() as transaction:
        return await transaction.parking.heads(10)


async def test_without_a_key_or_an_ordered_pattern_nothing_is_parked() -> None:
    bench = Bench("#", ordered=("payment.*",))
    bench.failing = ValueError("no")
    for received in (keyed("1", None), keyed("2", "ann", "stock.low")):
        await bench.receive(received)
        assert received.forwarded[0][0] == "orders.retry.1s"
    assert await heads(bench.store) == []


async def test_one_key_is_handled_one_event_at_a_time_in_the_order_of_delivery() -> None:
    gate, running, seen = asyncio.Event(), [0], list[str]()

    async def handle(event: Event, _: Any) -> None:
        running[0] += 1
        assert running[0] == 1
        await gate.wait()
        seen.append(event.id)
        running[0] -= 1

    handlers = Handlers([Subscription("#", handle)], FlakyStore(), Backoff())
    subscriptions = Subscriptions("orders", handlers, lambda *_: None, (), ("#",))
    tasks = [asyncio.create_task(subscriptions.receive(keyed(str(n), "ann"))) for n in range(5)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    assert seen == ["0", "1", "2", "3", "4"]


async def test_the_subject_is_the_key_where_there_is_none() -> None:
    bench = Bench(ordered=("#",))
    bench.failing = ValueError("no")
    event = Event("1", "/shop/payments", "payment.captured", {}, subject="o-1")
    await bench.receive(FakeDelivery(render(event)))
    assert [head.key for head in await heads(bench.store)] == ["o-1"]
