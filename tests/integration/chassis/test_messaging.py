"""Events between two services through a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest

from msctl.chassis.cloudevents import CONTENT_TYPE, Event, parse, render
from msctl.chassis.handling import Subscription
from msctl.chassis.memory_store import MemoryStore
from msctl.chassis.messaging import Messaging
from msctl.chassis.metrics import Metrics
from msctl.chassis.service import event_factory
from msctl.chassis.settings import Settings
from tests.integration.chassis.components import PASSWORD, VHOST, Component
from tests.integration.chassis.conftest import READY_SECONDS, until

pytestmark = pytest.mark.integration


class Peer:
    """A service on memory with one handler, whose first ``failures`` calls fail."""

    def __init__(self, name: str, pattern: str, broker: Component, password: str = PASSWORD) -> None:
        self.seen: asyncio.Queue[Event] = asyncio.Queue()
        self.failures = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        settings = Settings("shop", name, f"shop-{name}-1")
        self.store = MemoryStore(event_factory(settings, lambda *_: None), self._wake)
        url = f"amqp://{name}:{password}@{broker.address}/{VHOST}"
        self.messaging = Messaging(
            settings, url, [Subscription(pattern, self._handle)], self.store, Metrics()
        )

    def _wake(self) -> None:
        self.messaging.relay.wake()

    async def _handle(self, event: Event, _: Any) -> None:
        self.entered.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise ValueError("not today")
        self.seen.put_nowait(event)

    async def publish(self, event_type: str, data: object) -> None:
        async with self.store.transaction() as transaction:
            await transaction.publish(event_type, data)

    async def connected(self) -> bool:
        return self.messaging.causes() == (None, None)


@asynccontextmanager
async def running(*peers: Peer) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for peer in peers for work in peer.messaging.work()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def orders(broker: Component) -> Peer:
    return Peer("orders", "payment.*", broker)


@pytest.fixture
def payments(broker: Component) -> Peer:
    return Peer("payments", "order.placed", broker)


@asynccontextmanager
async def platform(broker: Component) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    url = f"amqp://_platform:{PASSWORD}@{broker.address}/{VHOST}"
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel()


async def test_a_service_can_leave_a_broker_that_hangs(payments: Peer, broker: Component) -> None:
    hanging = f"/containers/{broker.name}"
    try:
        async with asyncio.timeout(READY_SECONDS), running(payments):
            await until(payments.connected)
            await asyncio.to_thread(broker.engine.client.submit, f"{hanging}/pause")
            await payments.messaging.drain()
    finally:
        await asyncio.to_thread(broker.engine.client.submit, f"{hanging}/unpause")


async def test_an_event_reaches_its_subscriber_whole(orders: Peer, payments: Peer) -> None:
    async with running(orders, payments):
        await orders.publish("order.placed", {"order": "o-1"})
        event = await payments.seen.get()
        # the broker delivers before its confirm is heard
        await until(lambda: delivered(orders))
    assert (event.type, event.source, event.data) == ("order.placed", "/shop/orders", {"order": "o-1"})
    assert event.time is not None


async def delivered(peer: Peer) -> bool:
    return not peer.store.outbox


async def test_on_the_wire_it_is_a_persistent_cloud_event(orders: Peer, broker: Component) -> None:
    async with running(orders), platform(broker) as channel:
        await orders.publish("order.placed", {"order": "o-1"})
        queue = await channel.get_queue("payments")
        found: list[Any] = []

        async def arrived() -> bool:
            message = await queue.get(fail=False)
            found.extend([message] if message else [])
            return bool(found)

        await until(arrived)
        await found[0].ack()
    assert found[0].content_type == CONTENT_TYPE
    assert found[0].delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert found[0].message_id == parse(found[0].body).id


async def test_a_plain_cloud_event_of_another_language_is_taken_once(
    payments: Peer, broker: Component
) -> None:
    foreign = render(Event("1", "urn:other", "order.placed", {"order": "o-2"}))
    last = render(Event("2", "urn:other", "order.placed", {"order": "o-3"}))
    async with running(payments), platform(broker) as channel:
        exchange = await channel.get_exchange("events")
        for body in (foreign, foreign, last):
            await exchange.publish(aio_pika.Message(body), "order.placed")
        taken = {(await payments.seen.get()).id, (await payments.seen.get()).id}
    assert taken == {"1", "2"}
    assert payments.seen.empty()


async def test_a_failed_event_comes_back_after_its_first_tier(orders: Peer, payments: Peer) -> None:
    payments.failures = 1
    async with running(orders, payments):
        await orders.publish("order.placed", {"order": "o-1"})
        assert (await payments.seen.get()).data == {"order": "o-1"}


async def test_after_its_last_try_it_lies_dead_with_its_cause(payments: Peer, broker: Component) -> None:
    payments.failures = 100  # it comes again if there is no way to the dead letters yet
    body = render(Event("9", "/shop/orders", "order.placed", {}))
    async with running(payments), platform(broker) as channel:
        exchange = await channel.get_exchange("events")
        await exchange.publish(aio_pika.Message(body, headers={"x-msctl-tries": 3}), "order.placed")
        queue = await channel.get_queue("payments.dead")
        found: list[Any] = []

        async def buried() -> bool:
            message = await queue.get(fail=False)
            found.extend([message] if message else [])
            return bool(found)

        await until(buried)
        await found[0].ack()
    assert found[0].body == body
    assert found[0].headers["x-msctl-tries"] == 4
    assert found[0].headers["x-msctl-cause"] == "ValueError: not today"


async def test_an_undeclared_event_is_refused_and_stops_no_other(orders: Peer, payments: Peer) -> None:
    async with running(orders, payments):
        await orders.publish("order.bogus", {})
        await orders.publish("order.placed", {"order": "o-1"})
        assert (await payments.seen.get()).data == {"order": "o-1"}
        await until(lambda: told_of(orders, "order.bogus"))

        async def confirmed() -> bool:
            return [entry.event_type for entry in orders.store.outbox] == ["order.bogus"]

        await until(confirmed)


async def told_of(peer: Peer, word: str) -> bool:
    return any(word in str(cause) for cause in peer.messaging.causes())


async def test_stopping_finishes_what_is_in_flight(orders: Peer, payments: Peer) -> None:
    payments.gate.clear()
    async with running(orders, payments):
        await orders.publish("order.placed", {"order": "o-1"})
        await payments.entered.wait()
        stopping = asyncio.create_task(payments.messaging.drain())
        await asyncio.sleep(0)
        assert not stopping.done()
        payments.gate.set()
        await stopping
    assert payments.seen.qsize() == 1
    assert len(payments.store._inbox) == 1


async def test_a_wrong_password_is_a_cause_and_no_crash(broker: Component) -> None:
    peer = Peer("orders", "payment.*", broker, password="wr0ng")
    async with running(peer):
        await until(lambda: told(peer, "ACCESS_REFUSED"))
    assert "wr0ng" not in str(peer.messaging.causes())


async def told(peer: Peer, word: str) -> bool:
    return all(word in str(cause) for cause in peer.messaging.causes())


async def test_what_is_published_while_the_broker_is_away_is_delivered_on_its_return(
    orders: Peer, payments: Peer, broker: Component
) -> None:
    async with running(orders, payments):
        await until(orders.connected)
        await asyncio.to_thread(control, broker, "stop_app")
        await until(lambda: told_by_all(orders))
        await orders.publish("order.placed", {"order": "o-late"})
        assert len(orders.store.outbox) == 1
        await asyncio.to_thread(control, broker, "start_app")
        assert (await payments.seen.get()).data == {"order": "o-late"}
        await until(orders.connected)


def control(broker: Component, command: str) -> None:
    result = broker.engine.execute(broker.name, ("rabbitmqctl", command), timeout=180)
    assert result.exit_code == 0, result.output


async def told_by_all(peer: Peer) -> bool:
    return all(peer.messaging.causes())


async def test_a_queue_that_is_not_there_yet_is_waited_for(payments: Peer, broker: Component) -> None:
    async with platform(broker) as channel:
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        await channel.queue_delete("payments")
        async with running(payments):
            await until(lambda: told_by_consumer(payments, "queue 'payments' does not exist"))
            queue = await channel.declare_queue("payments", durable=True, arguments=arguments)
            await queue.bind("events", "order.placed")
            await until(payments.connected)


async def told_by_consumer(peer: Peer, word: str) -> bool:
    return word in str(peer.messaging.causes()[1])
