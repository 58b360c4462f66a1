"""The watch on one key against a real Consul."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from msctl.registry.client import Registry
from msctl.registry.keywatch import KeyWatch
from msctl.registry.watch import Consul
from tests.integration.registry.conftest import RunningConsul

pytestmark = pytest.mark.integration

KEY = "msctl/watched"


async def test_the_last_change_of_a_burst_is_told(consul: RunningConsul, registry: Registry) -> None:
    """Each time anew: what was written before the watch told of it is what it tells of."""
    url = f"http://{consul.address}/v1/kv/{KEY}"
    told = asyncio.Event()
    async with aiohttp.ClientSession() as session:
        place = Consul(f"http://{consul.address}", lambda: None)
        running = asyncio.create_task(KeyWatch(KEY, place, session, told.set, time.monotonic).run())
        for _ in range(5):
            for change in range(6):
                told.clear()
                async with session.put(url, data=f"{time.monotonic()} {change}") as answer:
                    assert answer.ok
            async with asyncio.timeout(60.0):
                await told.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
