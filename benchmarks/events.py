"""What outbox and confirms cost, and how long an event takes to its handler.

Run: ``python -m benchmarks.events``, with Docker, on a quiet machine. A broker and a PostgreSQL of their own
are started. Publishing through the outbox and bare publishing by aio-pika with confirms, both of the same
messages, alternate in one run; the ratio is what counts. Twenty writers that commit one event at a time are
compared with twenty that publish one at a time, many events in a transaction with a batch under way.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aio_pika
import asyncpg
import uvloop

from benchmarks.gateway_lab import percentile
from msctl.chassis.cloudevents import Event, render
from msctl.chassis.handling import Subscription
from msctl.chassis.messaging import Messaging
from msctl.chassis.metrics import Metrics
from msctl.chassis.postgres_store import PostgresStore
from msctl.chassis.relay import BATCH
from msctl.chassis.settings import Settings
from msctl.engine.docker import connect
from msctl.engine.port import Identity
from tests.integration.chassis.components import PASSWORD, VHOST, Component, start
from tests.integration.sweeping import sweep

ROUNDS = 7
MESSAGES = 4000
WRITERS = 20
RATE = 100
SECONDS = 20
DATA = {"order": "o" * 36, "sku": "WIDGET", "quantity": 1, "customer": "ann@example.com", "amount": 4200}


@dataclass
class Results:
    """Messages a second of each round, and seconds of each delivery."""

    writers: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    ten: list[float] = field(default_factory=list)
    drain: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print one table."""
    with _component("broker") as broker, _component("postgres") as database:
        results = uvloop.run(measure(broker, database))
    print(table(results))


async def measure(broker: Component, database: Component) -> Results:
    """All rounds."""
    results = Results()
    async with _publisher(broker, await _database(database)) as bench:
        for _ in range(ROUNDS):
            results.writers.append(await _bare(broker, WRITERS))
            results.bare.append(await _bare(broker, BATCH))
            results.single.append(await bench.through_outbox(1))
            results.ten.append(await bench.through_outbox(10))
            results.drain.append(await bench.drained())
        results.delays = await bench.delays(broker, await _database(database))
    return results


def table(results: Results) -> str:
    """The figures, medians of the rounds."""
    writers, bare, single, ten, drain = map(
        statistics.median, (results.writers, results.bare, results.single, results.ten, results.drain)
    )
    delays = [seconds * 1000 for seconds in results.delays]
    return "\n".join(
        (
            f"bare aio-pika with confirms, {WRITERS} at a time      {writers:8.0f} /s",
            f"outbox and confirms, a transaction each       {single:8.0f} /s   {single / writers:.2f} of it",
            f"bare aio-pika with confirms, {BATCH} at a time     {bare:8.0f} /s",
            f"outbox and confirms, ten in a transaction     {ten:8.0f} /s   {ten / bare:.2f} of it",
            f"outbox and confirms, all in a transaction     {drain:8.0f} /s   {drain / bare:.2f} of it",
            f"delivery at {RATE}/s, begin to handler: p50 {percentile(delays, 0.5):.1f} ms, "
            f"p99 {percentile(delays, 0.99):.1f} ms; at most 20 ms are wanted",
        )
    )


class _Bench:
    """A publishing service on a real outbox."""

    def __init__(self, store: PostgresStore, messaging: Messaging) -> None:
        self._store = store
        self._messaging = messaging

    async def through_outbox(self, together: int) -> float:
        """So many events in each transaction, while the relay publishes."""
        started = time.perf_counter()
        number = MESSAGES // WRITERS // together
        await asyncio.gather(*(self._write(number, together) for _ in range(WRITERS)))
        await self._emptied()
        return MESSAGES / (time.perf_counter() - started)

    async def _write(self, number: int, together: int) -> None:
        for _ in range(number):
            async with self._store.transaction() as transaction:
                for _ in range(together):
                    await transaction.publish("order.placed", DATA)

    async def drained(self) -> float:
        """All in one transaction, from its begin on."""
        started = time.perf_counter()
        async with self._store.transaction() as transaction:
            for _ in range(MESSAGES):
                await transaction.publish("order.placed", DATA)
        await self._emptied()
        return MESSAGES / (time.perf_counter() - started)

    async def _emptied(self) -> None:
        while True:
            async with self._store.transaction() as transaction:
                row = await transaction.fetch_one("SELECT count(*) AS number FROM msctl_outbox")
            if row is None or not row["number"]:
                return
            await asyncio.sleep(0.03)

    async def delays(self, broker: Component, url: str) -> list[float]:
        """Seconds from before the transaction to the handler of another service, at an even rate."""
        await _purge(broker)
        seen: list[float] = []

        async def handle(event: Event, _: Any) -> None:
            seen.append(time.time() - event.data["sent"])

        settings = Settings(VHOST, "payments", "payments-1")
        store = PostgresStore(url, _make_event, lambda: None)
        await store.open(())
        subscriptions = [Subscription("order.placed", handle)]
        messaging = Messaging(settings, _amqp(broker, "payments"), subscriptions, store, Metrics())
        async with _at_work(messaging):
            for _ in range(RATE * SECONDS):
                async with self._store.transaction() as transaction:
                    await transaction.publish("order.placed", {**DATA, "sent": time.time()})
                await asyncio.sleep(1 / RATE)
            while len(seen) < RATE * SECONDS:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await store.close()
        return seen


def _make_event(event_type: str, data: object, subject: str | None, key: str | None) -> Event:
    now = datetime.now(UTC)
    return Event(str(uuid.uuid4()), "/shop/orders", event_type, data, now, subject, None, key)


async def _bare(broker: Component, under_way: int) -> float:
    """The same messages by aio-pika alone, so many under way at a time."""
    await _purge(broker)
    async with await aio_pika.connect(_amqp(broker, "orders")) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange("events", ensure=False)
        started = time.perf_counter()
        await asyncio.gather(*(_publish(exchange, MESSAGES // under_way) for _ in range(under_way)))
        return MESSAGES / (time.perf_counter() - started)


async def _publish(exchange: aio_pika.abc.AbstractExchange, number: int) -> None:
    for _ in range(number):
        event = _make_event("order.placed", DATA, None, None)
        message = aio_pika.Message(
            render(event), message_id=event.id, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await exchange.publish(message, "order.placed", mandatory=True)


@asynccontextmanager
async def _publisher(broker: Component, url: str) -> AsyncIterator[_Bench]:
    woken: list[Messaging] = []

    def committed() -> None:
        for messaging in woken:
            messaging.relay.wake()

    store = PostgresStore(url, _make_event, committed)
    await store.open(())
    settings = Settings(VHOST, "orders", "orders-1")
    messaging = Messaging(settings, _amqp(broker, "orders"), [], store, Metrics())
    woken.append(messaging)
    async with _at_work(messaging):
        yield _Bench(store, messaging)
    await store.close()


@asynccontextmanager
async def _at_work(messaging: Messaging) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for work in messaging.work()]
    while any(messaging.causes()):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _purge(broker: Component) -> None:
    async with await aio_pika.connect(_amqp(broker, "_platform")) as connection:
        await (await (await connection.channel()).get_queue("payments")).purge()


async def _database(database: Component) -> str:
    name = f"b{uuid.uuid4().hex[:10]}"
    connection = await asyncpg.connect(f"postgresql://tests:{PASSWORD}@{database.address}/postgres")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return f"postgresql://tests:{PASSWORD}@{database.address}/{name}"


def _amqp(broker: Component, user: str) -> str:
    return f"amqp://{user}:{PASSWORD}@{broker.address}/{VHOST}"


@contextmanager
def _component(role: str) -> Iterator[Component]:
    engine = connect()
    identity = Identity(f"b{uuid.uuid4().hex[:10]}", "benchmarks")
    try:
        started = start(engine, identity, role)
        asyncio.run(_until_ready(started, role))
        yield started
    finally:
        sweep(engine.client, identity.project)
        engine.close()


async def _until_ready(component: Component, role: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if role == "broker":
                await _purge(component)
            else:
                url = f"postgresql://tests:{PASSWORD}@{component.address}/postgres"
                await (await asyncpg.connect(url)).close()
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
