"""Traces out of stored lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from msctl.observer.store import LogStore
from msctl.observer.traces_api import TracesApi
from tests.unit.observer.lines import ORDERS, WEB, batch

FIRST, SECOND = "a" * 32, "b" * 32


def span(trace: str, identity: str, parent: str | None, duration: float, status: int = 200) -> str:
    told = {"logger": "msctl.span", "message": f"GET /{identity}", "trace_id": trace, "span_id": identity}
    return json.dumps({**told, "parent_id": parent, "duration_ms": duration, "status": status})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LogStore]:
    made = LogStore(tmp_path, 10**7)
    made.add([batch(WEB, span(FIRST, "one", None, 50), span(SECOND, "two", None, 5, 503), at=10)])
    made.add(
        [batch(ORDERS, span(FIRST, "three", "one", 20), json.dumps({"message": "hm", "trace_id": FIRST}))]
    )
    yield made
    made.close()


async def test_they_are_listed_by_what_one_looks_for(store: LogStore) -> None:
    app = web.Application()
    app.add_routes(TracesApi(store).routes())
    async with TestClient(TestServer(app)) as client:

        async def ids(query: str) -> list[str]:
            return [found["trace_id"] for found in await (await client.get(f"/-/traces{query}")).json()]

        assert set(await ids("")) == {FIRST, SECOND}
        assert await ids("?which=slowest&count=1") == [FIRST]
        assert await ids("?which=errors") == [SECOND]
        for nonsense in ("?which=best", "?count=many"):
            assert (await client.get(f"/-/traces{nonsense}")).status == 400
        (found,) = await (await client.get(f"/-/traces/{FIRST[:8]}")).json()
        assert (found["spans"], found["connected"]) == (2, True)
        assert [row.get("name", "record") for row in found["rows"]] == ["GET /one", "GET /three", "record"]
        assert (await client.get("/-/traces/cccc")).status == 404
        assert (await client.get("/-/traces/aa")).status == 400
