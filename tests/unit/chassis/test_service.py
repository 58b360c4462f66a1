"""A whole service on memory and loopback: declared, started, asked, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from msctl.chassis import Problem, Reply, Request, Service
from msctl.chassis import lifecycle as life
from msctl.chassis.memory_store import MemoryStore
from msctl.chassis.settings import Settings, SettingsInvalid
from msctl.chassis.store import DatabaseUnavailable, MigrationFailed
from tests.free_port import free_port


def settings() -> Settings:
    return Settings("shop", "orders", "shop-orders-1", port=free_port())


def shop() -> Service:
    service = Service("orders")

    @service.post("/orders")
    async def place(request: Request) -> Reply:
        async with service.transaction() as transaction:
            event = await transaction.publish("order.placed", request.json(), subject="o-1")
        return Reply({"event": event.id, "source": event.source}, status=201)

    @service.get("/refuse")
    async def refuse(_: Request) -> object:
        raise Problem(409, "out-of-stock", "No")

    return service


async def answer(method: str, url: str) -> tuple[int, Any]:
    """The answer as soon as something listens."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.request(method, url, json={}) as response:
                    return response.status, await response.json(content_type=None)
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.01)


async def until_ready(place: Settings) -> None:
    while True:
        status, _ = await answer("GET", f"http://127.0.0.1:{place.port}/readyz")
        if status == 200:
            return
        await asyncio.sleep(0.01)


async def until_refused(place: Settings) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", place.port)
        except ConnectionRefusedError:
            return
        writer.close()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(service: Service, place: Settings) -> AsyncIterator[asyncio.Task[int]]:
    task = asyncio.create_task(service.serve(place))
    yield task
    if not task.done():
        os.kill(os.getpid(), signal.SIGTERM)
    await task


async def test_a_service_answers_and_stops_in_order() -> None:
    service, place = shop(), settings()
    base = f"http://127.0.0.1:{place.port}"
    async with serving(service, place) as task:
        status, body = await answer("POST", f"{base}/orders")
        assert (status, body["source"]) == (201, "/shop/orders")
        assert (await answer("GET", f"{base}/refuse"))[0] == 409
        assert (await answer("GET", f"{base}/readyz"))[0] == 200
        assert (await answer("GET", f"{base}/-/circuits"))[1] == []
    assert task.result() == 0


async def test_a_request_in_flight_is_finished_at_the_stop() -> None:
    service, place = Service("orders"), settings()
    entered, gate = asyncio.Event(), asyncio.Event()

    @service.get("/slow")
    async def slow(_: Request) -> object:
        entered.set()
        await gate.wait()
        return {"done": True}

    async with serving(service, place) as task:
        asking = asyncio.create_task(answer("GET", f"http://127.0.0.1:{place.port}/slow"))
        await entered.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        await until_refused(place)
        assert not task.done()
        gate.set()
        assert await asking == (200, {"done": True})
    assert task.result() == 0


async def test_recurring_work_is_done_and_outlives_its_failures() -> None:
    service, place = Service("orders"), settings()
    done: asyncio.Queue[int] = asyncio.Queue()

    @service.every(0.001)
    async def work() -> None:
        done.put_nowait(1)
        raise ValueError("again")

    async with serving(service, place):
        await done.get()
        await done.get()


async def test_called_services_appear_as_circuits() -> None:
    service, place = Service("orders"), settings()
    service.client("inventory")
    async with serving(service, place):
        _, circuits = await answer("GET", f"http://127.0.0.1:{place.port}/-/circuits")
    assert [(c["caller"], c["callee"], c["state"]) for c in circuits] == [("orders", "inventory", "closed")]


class _BrokenStore(MemoryStore):
    async def open(self, migrations: object) -> None:
        raise MigrationFailed(f"migration {migrations} failed")


class _LateStore(MemoryStore):
    opened = 0

    async def open(self, migrations: object) -> None:
        self.opened += 1
        if self.opened == 1:
            raise DatabaseUnavailable("not yet")


async def test_a_failing_migration_ends_the_service(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(life, "open_store", lambda _, make, done: _BrokenStore(make, done))
    assert await Service("orders", migrations=Path("nowhere")).serve(settings()) == 1
    assert "migration () failed" in caplog.text


async def test_a_database_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "open_store", lambda _, make, done: _LateStore(make, done))
    service, place = shop(), settings()
    async with serving(service, place):
        await until_ready(place)


async def test_outside_of_a_run_there_is_no_database() -> None:
    with pytest.raises(DatabaseUnavailable):
        shop().transaction()


def test_settings_that_contradict_the_contract_end_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SystemExit, match="PORT"):
        Service("orders").run()


async def test_data_that_breaks_its_schema_is_not_published_and_fails_the_work(tmp_path: Path) -> None:
    (tmp_path / "order.placed.json").write_text('{"type": "object", "required": ["order"]}')
    service, place = Service("orders", events=tmp_path), settings()

    @service.post("/orders")
    async def order(request: Request) -> object:
        async with service.transaction() as transaction:
            await transaction.publish("order.placed", request.json())
        return {}

    async with serving(service, place):
        status, _ = await answer("POST", f"http://127.0.0.1:{place.port}/orders")
        assert status == 500
        assert service._running is not None
        store = service._running.store
        assert isinstance(store, MemoryStore)
        assert not store.outbox


async def test_a_service_does_not_start_with_a_schema_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "order.placed.json").write_text('{"type": "nonsense"}')
    with pytest.raises(SettingsInvalid, match=r"order\.placed\.json is no JSON Schema"):
        await Service("orders", events=tmp_path).serve(settings())
