"""The catalog watch against a real Consul."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from unittest.mock import ANY

import aiohttp

from msctl.registry.client import Registry
from msctl.registry.entry import Entry
from msctl.registry.watch import CatalogWatch, Consul
from msctl.resilience.endpoints import Address
from tests.integration.registry.conftest import RunningConsul, await_leader

PATIENCE = 60.0


class Watched:
    """A watch that runs beside the test and keeps what it told."""

    def __init__(self, address: str) -> None:
        self.snapshots: list[tuple[Address, ...]] = []
        self.trouble: list[str | None] = []
        self._address = address

    async def __aenter__(self) -> Watched:
        self._session = aiohttp.ClientSession()
        consul = Consul(f"http://{self._address}", lambda: None)
        watch = CatalogWatch(
            "watched", consul, self._session, self.snapshots.append, self.trouble.append, time.monotonic
        )
        self._task = asyncio.create_task(watch.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()

    async def names(self, *wanted: str) -> None:
        await until(lambda: bool(self.snapshots) and [a.name for a in self.snapshots[-1]] == list(wanted))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  a thread's work is awaited as well
            await asyncio.sleep(0.02)


def entry(number: int) -> Entry:
    """An instance of a service that no other test of this Consul knows."""
    return Entry(f"shop-orders-{number}", "watched", f"10.1.2.{number}", 8000, {"msctl-project": "shop"})


async def test_snapshots_follow_registrations(consul: RunningConsul, registry: Registry) -> None:
    async with Watched(consul.address) as watched:
        await watched.names()
        await asyncio.to_thread(registry.register, entry(1))
        await watched.names("shop-orders-1")
        assert watched.snapshots[-1] == (Address("shop-orders-1", "10.1.2.1", 8000, 1, ANY),)
        await asyncio.to_thread(registry.register, entry(2))
        await watched.names("shop-orders-1", "shop-orders-2")
        await asyncio.to_thread(registry.deregister, "shop-orders-1")
        await watched.names("shop-orders-2")
        await asyncio.to_thread(registry.deregister, "shop-orders-2")
        await watched.names()
        assert set(watched.trouble) == {None}


async def test_consul_away_leaves_the_last_known_good(own_consul: RunningConsul) -> None:
    client = Registry(own_consul.address)
    await asyncio.to_thread(await_leader, client)
    await asyncio.to_thread(client.register, entry(1))
    client.close()
    async with Watched(own_consul.address) as watched:
        await watched.names("shop-orders-1")
        await asyncio.to_thread(own_consul.engine.stop_container, own_consul.identity, own_consul.name, 5.0)
        await until(lambda: watched.trouble[-1] is not None)
        assert [a.name for a in watched.snapshots[-1]] == ["shop-orders-1"]
