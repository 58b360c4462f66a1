"""Lines on their way to others: each arrives, in order, whoever was away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from msctl.observer import forwarding
from msctl.observer.forwarding import Forwarder
from msctl.observer.store import LogStore
from tests.unit.observer.lines import WEB, batch


class Loki:
    """Takes pushes; answers what ``statuses`` say first."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.lines: list[str] = []
        self.asked = 0

    async def take(self, request: web.Request) -> web.Response:
        self.asked += 1
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 204:
            document = json.loads(await request.read())
            self.lines += [text for stream in document["streams"] for _, text in stream["values"]]
        return web.Response(status=status, text="" if status == 204 else "no")


class News:
    async def wait(self, after: int, seconds: float) -> None:
        await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE", "IDLE_SECONDS"):
        monkeypatch.setattr(forwarding, name, 0.01)


@asynccontextmanager
async def forwarded(loki: Loki, folder: Path, store: LogStore, **target: Any) -> AsyncIterator[Forwarder]:
    """A forwarder at work."""
    app = web.Application()
    app.add_routes([web.post("/loki/api/v1/push", loki.take)])
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        place = target.get("place", (str(server.make_url("/")), "shop"))
        made = Forwarder("loki", lambda: place, store, News(), session, folder)
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def filled(folder: Path, count: int, begun: bool = True) -> LogStore:
    store = LogStore(folder / "logs", 10**7)
    store.add([batch(WEB, *(f"line {n}" for n in range(count)))])
    if begun:
        (folder / "forwarded-loki").write_text("0")
    return store


async def test_a_target_that_was_away_gets_everything_in_order(tmp_path: Path) -> None:
    store, loki = filled(tmp_path, 1200), Loki(503, 429, 401)
    async with forwarded(loki, tmp_path, store) as made:
        await until(lambda: len(loki.lines) >= 1200)
        await until(lambda: made.trouble is None)
    assert loki.lines == [f"line {n}" for n in range(1200)]
    store.close()


async def test_a_new_life_goes_on_where_the_old_one_was(tmp_path: Path) -> None:
    store, loki = filled(tmp_path, 3), Loki()
    async with forwarded(loki, tmp_path, store):
        await until(lambda: (tmp_path / "forwarded-loki").read_text() == "3")
    store.add([batch(WEB, "later", at=10**6)])
    async with forwarded(loki, tmp_path, store):
        await until(lambda: len(loki.lines) >= 4)
    assert loki.lines == ["line 0", "line 1", "line 2", "later"]
    store.close()


async def test_a_target_of_a_project_that_runs_gets_lines_from_then_on(tmp_path: Path) -> None:
    store, loki = filled(tmp_path, 3, begun=False), Loki()
    async with forwarded(loki, tmp_path, store):
        await until((tmp_path / "forwarded-loki").exists)
        store.add([batch(WEB, "new", at=10**6)])
        await until(lambda: loki.lines == ["new"])
    store.close()


async def test_what_is_refused_for_good_holds_nobody_up_and_is_told(tmp_path: Path) -> None:
    store, loki = filled(tmp_path, 600), Loki(400)
    async with forwarded(loki, tmp_path, store) as made:
        await until(lambda: (made.refused, made.taken) == (500, 100))
    assert len(loki.lines) == 100
    store.close()


async def test_nobody_is_asked_without_a_target_and_trouble_is_told(tmp_path: Path) -> None:
    store, loki = filled(tmp_path, 3), Loki()
    async with forwarded(loki, tmp_path, store, place=None):
        await asyncio.sleep(0.05)
    assert loki.asked == 0
    (tmp_path / "forwarded-loki").write_text("0")
    async with forwarded(loki, tmp_path, store, place=("http://127.0.0.1:9", "shop")) as made:
        await until(lambda: "does not answer" in (made.trouble or ""))
    assert made.taken == 0
    store.close()
