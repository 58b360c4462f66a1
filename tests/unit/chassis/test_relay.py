"""From the outbox to the broker."""

from __future__ import annotations

import asyncio

import pytest

from msctl.chassis import relay
from msctl.chassis.backoff import Backoff
from msctl.chassis.relay import BATCH, EventRefused, Relay
from msctl.errors import BrokerError
from tests.unit.chassis.doubles import FakePublisher, FlakyStore, types


class Bench:
    """A relay over memory."""

    def __init__(self) -> None:
        self.store = FlakyStore()
        self.publisher = FakePublisher()
        self.counted: list[str] = []
        self.dropped: list[str] = []
        self.relay = Relay(
            self.store,
            self.publisher,
            self.counted.append,
            self.dropped.append,
            Backoff(0.0001, 0.0001),
            idle=60,
        )

    async def fail_after_publishing(self, event_type: str) -> None:
        async with self.store.transaction() as transaction:
            await transaction.publish(event_type, None)
            raise KeyError

    async def commit(self, *event_types: str) -> None:
        async with self.store.transaction() as transaction:
            for event_type in event_types:
                await transaction.publish(event_type, None)


async def test_confirmed_events_leave_the_outbox_in_order() -> None:
    bench = Bench()
    await bench.commit("a", "b", "c")
    assert await bench.relay.relay_once() == 3
    assert bench.publisher.published == ["id-a-None", "id-b-None", "id-c-None"]
    assert not bench.store.outbox
    assert bench.counted == ["a", "b", "c"]


async def test_a_refused_event_stays_and_the_confirmed_ones_go() -> None:
    bench = Bench()
    bench.publisher.refused = {"b"}
    await bench.commit("a", "b", "c")
    with pytest.raises(BrokerError):
        await bench.relay.relay_once()
    assert types(tuple(bench.store.outbox)) == ["b"]


async def test_a_forbidden_event_stays_and_lets_later_ones_pass() -> None:
    bench = Bench()
    bench.publisher.forbidden = {"b"}
    await bench.commit("b", "b")
    with pytest.raises(EventRefused):
        await bench.relay.relay_once()
    await bench.commit("c")
    assert await bench.relay.relay_once() == 1
    assert bench.relay.refused() == ("b",)
    assert types(tuple(bench.store.outbox)) == ["b", "b"]


async def test_an_event_without_a_queue_is_held_lets_others_pass_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "HOLD_SECONDS", 0.0)
    bench = Bench()
    bench.publisher.unroutable = {"a"}
    await bench.commit("a", "b")
    await bench.relay.relay_once()
    assert types(tuple(bench.store.outbox)) == ["a"]
    assert bench.relay.homeless() == ("a",)
    bench.publisher.unroutable = set()
    await bench.relay.relay_once()
    assert (bench.counted, bench.dropped) == (["b", "a"], [])
    assert not bench.relay.homeless()


async def test_what_has_no_queue_for_long_has_no_subscriber_and_is_dropped_aloud(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relay, "HOMELESS_SECONDS", 0.0)
    bench = Bench()
    bench.publisher.unroutable = {"a"}
    await bench.commit("a")
    await bench.relay.relay_once()
    assert not bench.store.outbox
    assert bench.dropped == ["a"]
    assert "no service subscribes to a" in caplog.text


async def test_while_it_is_held_nobody_asks_the_broker_about_it() -> None:
    bench = Bench()
    bench.publisher.unroutable = {"a"}
    await bench.commit("a")
    await bench.relay.relay_once()
    assert await bench.relay.relay_once() == 0
    assert bench.publisher.asked.qsize() == 1


async def test_one_batch_is_bounded() -> None:
    bench = Bench()
    await bench.commit(*(f"t{number}" for number in range(BATCH + 1)))
    assert await bench.relay.relay_once() == BATCH
    assert len(bench.store.outbox) == 1


async def test_what_was_rolled_back_is_never_published() -> None:
    bench = Bench()
    with pytest.raises(KeyError):
        await bench.fail_after_publishing("a")
    assert await bench.relay.relay_once() == 0


async def test_running_relay_wakes_at_a_commit_and_outlives_failures() -> None:
    bench = Bench()
    running = asyncio.create_task(bench.relay.run())
    try:
        bench.publisher.refused = {"a"}
        await bench.commit("a")
        bench.relay.wake()
        assert await bench.publisher.asked.get() == "a"
        bench.publisher.refused = set()
        while await bench.publisher.asked.get() != "a" or not bench.publisher.published:
            pass
        await bench.commit("b")
        bench.relay.wake()
        while await bench.publisher.asked.get() != "b":
            pass
    finally:
        running.cancel()
    assert bench.publisher.published == ["id-a-None", "id-b-None"]
