"""What is done with an event that reached the queue."""

from __future__ import annotations

from typing import Any

import pytest

from msctl.chassis import context
from msctl.chassis.backoff import Backoff
from msctl.chassis.cloudevents import Event, render
from msctl.chassis.subscriptions import Subscription, Subscriptions
from tests.unit.chassis.doubles import FakeDelivery, FlakyStore, delivery, types


class Bench:
    """Subscriptions with one handler, over memory."""

    def __init__(self, pattern: str = "payment.*") -> None:
        self.store = FlakyStore()
        self.seen: list[str] = []
        self.outcomes: list[tuple[str, str]] = []
        self.failing: Exception | None = None
        quick = Backoff(first=0.0001, most=0.0001)
        self.subscriptions = Subscriptions(
            "orders", [Subscription(pattern, self.handle)], self.store,
            lambda event_type, outcome: self.outcomes.append((event_type, outcome)), quick,
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


async def test_an_event_that_nobody_handles_is_buried() -> None:
    bench = Bench("order.*")
    received = await bench.receive(delivery("payment.captured"))
    assert received.forwarded[0][0] == "orders.dead"
    assert "no handler" in str(received.forwarded[0][1]["x-msctl-cause"])


async def test_the_handler_works_in_the_events_trace() -> None:
    traces: list[str | None] = []

    async def handle(_: Event, __: Any) -> None:
        traces.append(context.trace_id())

    subscriptions = Subscriptions("orders", [Subscription("#", handle)], FlakyStore(), lambda *_: None)
    parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    await subscriptions.receive(FakeDelivery(render(Event("1", "/s", "t", None, traceparent=parent))))
    assert traces == ["a" * 32]
    assert context.trace_id() is None
