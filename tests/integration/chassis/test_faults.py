"""The faults of ../shared/fault_scenarios.json (AMQ-…) that need a real broker and a real database."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from msctl.broker.facts import question, states
from msctl.chassis.broker import PREFETCH
from msctl.chassis.cloudevents import Event, parse, render
from msctl.chassis.link import BLOCKED
from msctl.chassis.messaging import Messaging
from msctl.chassis.metrics import Metrics
from msctl.chassis.settings import Settings
from tests.integration.chassis.components import PASSWORD, VHOST, Component
from tests.integration.chassis.conftest import Place, until
from tests.integration.chassis.test_messaging import Peer, control, platform, running
from tests.integration.chassis.worker import ROUNDS, TABLE

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("place", ["postgres"], indirect=True)]

_ROOT = Path(__file__).parents[3]
_MEGABYTE = 1024


def url(broker: Component, user: str) -> str:
    return f"amqp://{user}:{PASSWORD}@{broker.address}/{VHOST}"


async def worker(mode: str, place: Place, broker: Component) -> Process:
    arguments = ("-m", "tests.integration.chassis.worker", mode, place.url, url(broker, "payments"))
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=_ROOT, stdout=PIPE)


async def send(broker: Component, *numbers: int) -> None:
    async with platform(broker) as channel:
        exchange = await channel.get_exchange("events")
        for number in numbers:
            body = render(Event(f"e-{number}", "/shop/orders", "order.placed", {"n": number}))
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(message, "order.placed")


async def effects(place: Place) -> list[int]:
    async with place.opened[0].transaction() as transaction:
        rows = await transaction.fetch_all("SELECT number FROM effects ORDER BY number")
    return [row["number"] for row in rows]


async def holds(broker: Component, number: int) -> bool:
    """RabbitMQ puts back what was in hand a moment after its consumer is gone."""
    return await depth(broker, "payments") == number


async def depth(broker: Component, queue: str) -> int:
    async with platform(broker) as channel:
        return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0


@pytest.fixture
async def prepared(place: Place) -> Place:
    """The place with the workers' table."""
    await place.store().open([TABLE])
    return place


async def test_a_consumer_killed_after_its_commit_has_no_second_effect(
    prepared: Place, broker: Component
) -> None:
    """AMQ-02."""
    await send(broker, *range(12))
    for _ in range(3):
        assert await (await worker("dies-before-acknowledging", prepared, broker)).wait() == -signal.SIGKILL
    healthy = await worker("works", prepared, broker)
    await until(lambda: handled(prepared, 12))
    healthy.send_signal(signal.SIGTERM)
    assert await healthy.wait() == 0
    assert await effects(prepared) == list(range(12))
    assert await depth(broker, "payments") == 0


async def handled(place: Place, number: int) -> bool:
    return len(await effects(place)) >= number


async def test_consumers_killed_in_their_handler_use_up_no_tries(prepared: Place, broker: Component) -> None:
    await send(broker, 1)
    for _ in range(6):
        assert await (await worker("dies-in-handler", prepared, broker)).wait() == -signal.SIGKILL
    healthy = await worker("works", prepared, broker)
    await until(lambda: handled(prepared, 1))
    healthy.send_signal(signal.SIGTERM)
    assert await healthy.wait() == 0
    assert (await effects(prepared), await depth(broker, "payments.dead")) == ([1], 0)


async def test_a_stop_finishes_what_is_in_flight_and_leaves_the_rest(
    prepared: Place, broker: Component
) -> None:
    """AMQ-13."""
    first = await worker("slow", prepared, broker)
    await send(broker, *range(30))
    assert first.stdout is not None
    began = [await first.stdout.readline() for _ in range(10)]
    first.send_signal(signal.SIGTERM)
    assert await first.wait() == 0
    done = await effects(prepared)
    assert len(done) >= len(began)
    await until(lambda: holds(broker, 30 - len(done)))  # nothing was lost or half done
    second = await worker("works", prepared, broker)
    await until(lambda: handled(prepared, 30))
    second.send_signal(signal.SIGTERM)
    assert await second.wait() == 0
    assert await effects(prepared) == list(range(30))


async def test_processes_killed_between_commit_and_publish_publish_after_all(
    place: Place, broker: Component
) -> None:
    """AMQ-05."""
    command = [sys.executable, "-m", "tests.integration.chassis.worker", "commit-and-die", place.url]
    await asyncio.to_thread(subprocess.run, command, cwd=_ROOT, check=True)
    store = await place.ready_store()
    assert len(await effects(place)) == ROUNDS
    settings = Settings("shop", "orders", "shop-orders-1")
    messaging = Messaging(settings, url(broker, "orders"), [], store, Metrics())
    async with at_work(messaging):
        await until(lambda: arrived(broker, ROUNDS))
    async with platform(broker) as channel:
        queue = await channel.get_queue("payments")
        found = [await queue.get(no_ack=True) for _ in range(await depth(broker, "payments"))]
    assert {parse(message.body).data["n"] for message in found} == set(range(ROUNDS))


async def arrived(broker: Component, number: int) -> bool:
    return await depth(broker, "payments") >= number


@asynccontextmanager
async def at_work(messaging: Messaging) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for work in messaging.work()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_alarm_of_the_broker_is_told_and_nothing_is_lost_or_piled_up(
    place: Place, broker: Component
) -> None:
    """AMQ-04."""
    store = await place.ready_store()
    settings = Settings("shop", "orders", "shop-orders-1")
    messaging = Messaging(settings, url(broker, "orders"), [], store, Metrics())
    async with at_work(messaging):
        await until(lambda: says(messaging, None))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await asyncio.to_thread(watermark, broker, "0.00001")
        try:
            await publish(place, messaging, range(500))
            await until(lambda: says(messaging, BLOCKED))
            await publish(place, messaging, range(500, 1500))
            growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        finally:
            await asyncio.to_thread(watermark, broker, "0.4")
        await until(lambda: says(messaging, None))
        await until(lambda: arrived(broker, 1500))
    assert growth < 50 * _MEGABYTE


async def publish(place: Place, messaging: Messaging, numbers: range) -> None:
    for number in numbers:
        async with place.opened[0].transaction() as transaction:
            await transaction.publish("order.placed", {"n": number, "filling": "x" * 5000})
        messaging.relay.wake()


async def says(messaging: Messaging, cause: str | None) -> bool:
    return messaging.causes()[0] == cause


def watermark(broker: Component, share: str) -> None:
    command = ("rabbitmqctl", "set_vm_memory_high_watermark", share)
    result = broker.engine.execute(broker.name, command, timeout=180)
    assert result.exit_code == 0, result.output


async def test_an_event_whose_queue_is_not_bound_yet_waits_for_it(place: Place, broker: Component) -> None:
    """AMQ-07."""
    orders = Peer("orders", "payment.*", broker)
    async with running(orders), platform(broker) as channel:
        queue = await channel.get_queue("payments")
        await queue.unbind("events", "order.placed")
        try:
            await orders.publish("order.placed", {"n": 1})
            await until(lambda: homeless(orders))
            assert len(orders.store.outbox) == 1
        finally:
            await queue.bind("events", "order.placed")
        await until(lambda: arrived(broker, 1))
        await until(orders.connected)


async def homeless(peer: Peer) -> bool:
    return "no service subscribes to 'order.placed'" in peer.messaging.causes()


async def test_a_backlog_is_shared_in_bounded_portions(place: Place, broker: Component) -> None:
    """AMQ-08."""
    await backlog(broker, 10_000)
    peers = [Peer("payments", "order.placed", broker) for _ in range(2)]
    for peer in peers:
        peer.gate.clear()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with running(*peers):
        await until(lambda: in_hand(broker, PREFETCH * len(peers)))
        for peer in peers:
            await peer.entered.wait()
            peer.gate.set()
        await until(lambda: all_seen(peers, 10_000))
    assert all(peer.seen.qsize() > 1000 for peer in peers)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * _MEGABYTE


async def backlog(broker: Component, number: int) -> None:
    async with platform(broker) as channel:
        exchange = await channel.get_exchange("events")
        for first in range(0, number, 500):
            bodies = [
                render(Event(str(n), "/shop/orders", "order.placed", {})) for n in range(first, first + 500)
            ]
            await asyncio.gather(*(exchange.publish(aio_pika.Message(b), "order.placed") for b in bodies))


async def in_hand(broker: Component, number: int) -> bool:
    result = await asyncio.to_thread(broker.engine.execute, broker.name, question(VHOST), timeout=180)
    found = {state.name: state.in_hand or 0 for state in states(result.output)}
    assert found["payments"] <= number
    return found["payments"] == number


async def all_seen(peers: list[Peer], number: int) -> bool:
    return sum(peer.seen.qsize() for peer in peers) == number


async def test_what_always_fails_is_tried_exactly_as_often_as_configured(
    place: Place, broker: Component
) -> None:
    payments = Peer("payments", "order.placed", broker)
    payments.failures = 1_000
    async with running(payments), platform(broker) as channel:
        await send_failed_before(broker, 3)
        queue = await channel.get_queue("payments.dead")
        found: list[Any] = []

        async def buried() -> bool:
            message = await queue.get(fail=False, no_ack=True)
            found.extend([message] if message else [])
            return bool(found)

        await until(buried)
    assert 1_000 - payments.failures == 1
    assert found[0].headers["x-msctl-tries"] == 4


async def send_failed_before(broker: Component, tries: int) -> None:
    async with platform(broker) as channel:
        body = render(Event("e", "/shop/orders", "order.placed", {"n": 1}))
        message = aio_pika.Message(body, headers={"x-msctl-tries": tries})
        await (await channel.get_exchange("events")).publish(message, "order.placed")


async def test_the_broker_stops_and_starts_under_a_stream(place: Place, broker: Component) -> None:
    """AMQ-01 without the kill, which moves the published port; the kill is in the end-to-end stream."""
    store = await place.ready_store()
    settings = Settings("shop", "orders", "shop-orders-1")
    messaging = Messaging(settings, url(broker, "orders"), [], store, Metrics())
    async with at_work(messaging):
        await publish(place, messaging, range(200))
        await asyncio.to_thread(control, broker, "stop_app")
        await publish(place, messaging, range(200, 300))
        await asyncio.to_thread(control, broker, "start_app")
        await until(lambda: arrived(broker, 300))
