"""Stores on real databases, each test with a database of its own, and a broker with the shop's topology."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aio_pika
import asyncmy
import asyncpg
import pytest
from redis.asyncio import Redis

from msctl.chassis.cloudevents import Event
from msctl.chassis.store import Store
from msctl.chassis.stores import open_store
from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from tests.integration.chassis.components import PASSWORD, VHOST, Component, start
from tests.integration.sweeping import sweep

READY_SECONDS = 240.0
SQL_ENGINES = ("postgres", "mariadb")


async def until(question: Callable[[], Awaitable[object]], seconds: float = READY_SECONDS) -> None:
    """Wait until ``question`` neither raises nor is false; its last failure otherwise."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            if await question() is not False:
                return
            failure: Exception = AssertionError(f"still not true after {seconds:g} s")
        except Exception as error:
            failure = error
        if asyncio.get_running_loop().time() > deadline:
            raise failure
        await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def component(docker_engine: DockerEngine) -> Iterator[Callable[[str], Component]]:
    """Starts each asked component once."""
    started: dict[str, Component] = {}
    projects: list[str] = []

    def get(role: str) -> Component:
        if role not in started:
            identity = Identity(f"t{uuid.uuid4().hex[:10]}", "integration-tests")
            projects.append(identity.project)
            started[role] = start(docker_engine, identity, role)
            asyncio.run(until(lambda: _greet(role, started[role].address)))
        return started[role]

    yield get
    for project in projects:
        sweep(docker_engine.client, project)


async def _greet(role: str, address: str) -> None:
    host, _, port = address.partition(":")
    if role == "broker":
        async with await aio_pika.connect(f"amqp://orders:{PASSWORD}@{address}/{VHOST}"):
            return
    elif role == "redis":
        async with Redis.from_url(f"redis://tests:{PASSWORD}@{address}/0") as client:
            await client.get("x")
    elif role == "postgres":
        await (await _postgres(address)).close()
    else:
        connection = await asyncmy.connect(host=host, port=int(port), user="root", password=PASSWORD)
        await connection.ensure_closed()


async def _postgres(address: str) -> Any:
    return await asyncpg.connect(f"postgresql://tests:{PASSWORD}@{address}/postgres")


@dataclass(slots=True)
class Place:
    """An empty database of the test's own: opens stores on it, as replicas do."""

    url: str
    component: Component
    opened: list[Store]
    wakes: int = 0

    def store(self, url: str | None = None) -> Store:
        """Another replica's store, not connected yet."""
        made = open_store(url or self.url, _make_event, self._woken)
        self.opened.append(made)
        return made

    async def ready_store(self) -> Store:
        """Another replica's store, connected."""
        made = self.store()
        await made.open(())
        return made

    def _woken(self) -> None:
        self.wakes += 1


def _make_event(event_type: str, data: object, subject: str | None, key: str | None) -> Event:
    return Event(uuid.uuid4().hex, "/shop/tests", event_type, data, None, subject, None, key)


async def _new_database(role: str, address: str) -> str:
    name = f"t{uuid.uuid4().hex[:10]}"
    host, _, port = address.partition(":")
    if role == "postgres":
        connection = await _postgres(address)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        return f"postgresql://tests:{PASSWORD}@{address}/{name}"
    if role == "mariadb":
        connection = await asyncmy.connect(host=host, port=int(port), user="root", password=PASSWORD)
        async with connection.cursor() as cursor:
            await cursor.execute(f"CREATE DATABASE {name}")
        await connection.ensure_closed()
        return f"mysql://root:{PASSWORD}@{address}/{name}"
    async with Redis.from_url(f"redis://tests:{PASSWORD}@{address}/0") as client:
        await client.flushdb()
    return f"redis://tests:{PASSWORD}@{address}/0"


@pytest.fixture
async def place(
    request: pytest.FixtureRequest, component: Callable[[str], Component]
) -> AsyncIterator[Place]:
    """An empty database of the engine that the test is parametrised with."""
    # Starting runs an event loop of its own, which needs a thread of its own.
    started = await asyncio.to_thread(component, request.param)
    made = Place(await _new_database(request.param, started.address), started, [])
    yield made
    for store in made.opened:
        await store.close()


@pytest.fixture
async def broker(component: Callable[[str], Component]) -> Component:
    """The broker, with the queues of orders and payments empty."""
    started = await asyncio.to_thread(component, "broker")
    await until(lambda: _emptied(started.address))
    return started


async def _emptied(address: str) -> bool:
    """What consumers of the test before had in hand is back only when RabbitMQ knows that they are gone."""
    async with await aio_pika.connect(f"amqp://_platform:{PASSWORD}@{address}/{VHOST}") as connection:
        channel = await connection.channel()
        for service in ("orders", "payments"):
            for name in (service, f"{service}.retry.1s", f"{service}.dead"):
                queue = await channel.get_queue(name)
                if queue.declaration_result.consumer_count:
                    return False
                await queue.purge()
    return True
