"""Following an issuer: keys and revocations fetched when told, and kept in force while it is away."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from msctl.auth.following import Follower, Published
from msctl.auth.trust import REFETCH, Trust
from msctl.auth.verifier import Expected
from tests.unit.auth.corpus import AUDIENCE, ISSUER, NOW, key_set


class Issuer:
    """Publishes what it is told to, and counts."""

    def __init__(self) -> None:
        self.keys: Any = key_set()
        self.revoked: Any = {}
        self.status = 200
        self.asked = 0
        self._again = asyncio.Event()

    async def until_asked(self, times: int) -> None:
        while self.asked < times:
            self._again.clear()
            await self._again.wait()

    async def publish_keys(self, _: web.Request) -> web.Response:
        self.asked += 1
        self._again.set()
        return web.json_response(self.keys, status=self.status)

    async def publish_revoked(self, _: web.Request) -> web.Response:
        return web.json_response(self.revoked)


class Bench:
    def __init__(self, issuer: Issuer, url: str, session: aiohttp.ClientSession) -> None:
        self.issuer = issuer
        self.now = 0.0
        self.trust = Trust(Expected(ISSUER, AUDIENCE))
        self.follower = Follower(
            self.trust, Published(f"{url}/keys", f"{url}/revoked"), session, lambda: self.now, _at_once
        )


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    issuer = Issuer()
    app = web.Application()
    app.add_routes([web.get("/keys", issuer.publish_keys), web.get("/revoked", issuer.publish_revoked)])
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Bench(issuer, str(server.make_url("")).rstrip("/"), session)


async def test_keys_and_revocations_come(bench: Bench) -> None:
    bench.issuer.revoked = {"token-1": NOW}
    assert await bench.follower.fetch()
    assert set(bench.trust.keys or ()) == {key["kid"] for key in key_set()["keys"]}


async def test_an_unknown_key_is_asked_for_once_in_a_while(bench: Bench) -> None:
    found = [await bench.follower.refetch() for _ in range(10)]
    assert found == [True, *[False] * 9]
    bench.now += REFETCH
    assert await bench.follower.refetch()
    assert bench.issuer.asked == 2


@pytest.mark.parametrize(
    "spoil",
    [{"status": 500}, {"keys": []}, {"keys": {"keys": [1, key_set()["keys"][0], key_set()["keys"][0]]}},
     {"revoked": []}, {"revoked": {"a": "never"}}],
    ids=["an error", "no key set", "a key twice", "no object", "no time"],
)  # fmt: skip
async def test_what_was_known_stays_in_force(bench: Bench, spoil: dict[str, Any]) -> None:
    await bench.follower.fetch()
    known = set(bench.trust.keys or ())
    for name, value in spoil.items():
        setattr(bench.issuer, name, value)
    assert not await bench.follower.fetch()
    assert set(bench.trust.keys or ()) == known


async def test_it_asks_again_until_it_gets_an_answer_and_then_when_poked(bench: Bench) -> None:
    bench.issuer.status = 503
    task = asyncio.create_task(bench.follower.run())
    async with asyncio.timeout(20):
        await bench.issuer.until_asked(3)
        bench.issuer.status = 200
        before = bench.issuer.asked
        await bench.issuer.until_asked(before + 1)
        bench.follower.poke()
        await bench.issuer.until_asked(before + 2)
    assert bench.trust.keys
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_keys_may_be_in_a_file(tmp_path: Path, bench: Bench) -> None:
    path = tmp_path / "jwks.json"
    async with aiohttp.ClientSession() as session:
        follower = Follower(bench.trust, Published(str(path)), session, lambda: 0.0)
        assert not await follower.fetch()
        path.write_text(json.dumps(key_set()))
        assert await follower.fetch()


def test_no_start_waits_for_the_import_of_what_reads_keys() -> None:
    script = (
        "import sys, msctl.gateway.process, msctl.chassis.lifecycle, msctl.orchestrator.up;"
        "print([name for name in ('joserfc', 'cryptography', 'authlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
