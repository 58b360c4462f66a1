"""Self-registration against a small registry on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from msctl.chassis.backoff import Backoff
from msctl.chassis.registration import Registration, entry
from msctl.chassis.settings import Settings

SETTINGS = Settings("shop", "inventory", "shop-inventory-1", port=9000, registry_token="t0k3n")


@dataclass
class FakeRegistry:
    """Knows entries by id, and refuses while ``refusing``."""

    entries: dict[str, Any] = field(default_factory=dict)
    tokens: set[str | None] = field(default_factory=set)
    checks: list[dict[str, str]] = field(default_factory=list)
    refusing: bool = False
    registered: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def answer(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("X-Consul-Token"))
        name = request.match_info["name"]
        if self.refusing:
            self.registered.put_nowait("refused")
            return web.Response(status=403, text="Permission denied")
        if request.method == "GET":
            known = self.entries.get(name)
            return web.json_response(known) if known else web.Response(status=404)
        if name == "register":
            document = await request.json()
            self.entries[document["ID"]] = document
            self.registered.put_nowait(document["ID"])
        else:
            self.entries.pop(request.match_info["id"], None)
        return web.Response()

    async def catalog(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response(self.checks)
        gone = await request.json()
        self.checks = [c for c in self.checks if (c["Node"], c["CheckID"]) != (gone["Node"], gone["CheckID"])]
        self.registered.put_nowait("forgotten")
        return web.json_response(data=True)


@pytest.fixture
async def registry() -> AsyncIterator[tuple[FakeRegistry, str]]:
    fake = FakeRegistry()
    app = web.Application()
    app.router.add_route("*", "/v1/agent/service/{name}", fake.answer)
    app.router.add_route("PUT", "/v1/agent/service/{name}/{id}", fake.answer)
    app.router.add_get("/v1/health/checks/inventory", fake.catalog)
    app.router.add_put("/v1/catalog/deregister", fake.catalog)
    async with TestServer(app) as server:
        yield fake, str(server.make_url("")).rstrip("/")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def ready() -> bool:
    return True


def registration(address: str, session: aiohttp.ClientSession) -> Registration:
    settings = replace(SETTINGS, registry_address=address)
    return Registration(settings, session, ready, Backoff(0.001, 0.001))


def test_the_entry_bears_our_mark_and_passes_at_once() -> None:
    document = entry(SETTINGS, "10.0.0.7", "c1")
    assert (document["ID"], document["Name"]) == ("shop-inventory-1", "inventory")
    assert (document["Address"], document["Port"]) == ("10.0.0.7", 9000)
    assert document["Meta"] == {"msctl-project": "shop"}
    assert document["Check"]["HTTP"] == "http://10.0.0.7:9000/readyz"
    assert document["Check"]["Status"] == "passing"


async def test_an_instance_registers_and_leaves(
    registry: tuple[FakeRegistry, str], session: aiohttp.ClientSession
) -> None:
    fake, address = registry
    own = registration(address, session)
    running = asyncio.create_task(own.run())
    assert await fake.registered.get() == "shop-inventory-1"
    running.cancel()
    await own.leave()
    assert fake.entries == {}
    assert fake.tokens == {"t0k3n"}


async def test_the_entry_of_an_earlier_life_is_replaced_with_its_check(
    registry: tuple[FakeRegistry, str], session: aiohttp.ClientSession
) -> None:
    fake, address = registry
    checks = set()
    for _ in range(2):
        running = asyncio.create_task(registration(address, session).run())
        await fake.registered.get()
        running.cancel()
        checks.add(fake.entries["shop-inventory-1"]["Check"]["CheckID"])
    assert len(checks) == 2


async def test_checks_of_an_earlier_life_are_removed_from_the_catalog(
    registry: tuple[FakeRegistry, str], session: aiohttp.ClientSession
) -> None:
    fake, address = registry
    others = {"Node": "registry", "CheckID": "theirs", "ServiceID": "shop-inventory-2"}
    fake.checks = [{"Node": "registry", "CheckID": "ghost", "ServiceID": "shop-inventory-1"}, others]
    running = asyncio.create_task(registration(address, session).run())
    assert [await fake.registered.get() for _ in range(2)] == ["shop-inventory-1", "forgotten"]
    running.cancel()
    assert fake.checks == [others]


async def test_a_refusal_is_tried_again(
    registry: tuple[FakeRegistry, str], session: aiohttp.ClientSession
) -> None:
    fake, address = registry
    fake.refusing = True
    running = asyncio.create_task(registration(address, session).run())
    assert await fake.registered.get() == "refused"
    fake.refusing = False
    while await fake.registered.get() == "refused":
        pass
    running.cancel()
    assert list(fake.entries) == ["shop-inventory-1"]


async def test_leaving_a_registry_that_is_gone_is_no_failure(session: aiohttp.ClientSession) -> None:
    await registration("http://127.0.0.1:9", session).leave()
