"""How deep queues are, and what services gave up, as the agent asks and tells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from msctl.agent import queues
from msctl.agent.admin import Admin
from msctl.agent.queues import Depth, Queues
from msctl.broker.client import Held, QueueFacts
from msctl.broker.messages import CAUSE_HEADER, TRIES_HEADER, Message
from msctl.errors import BrokerError

HOSTILE = "<img src=x>\x1b[31m"


class FakeBroker:
    """RabbitMQ with one service's queues; ``cuts`` connections fail when they are used the second time."""

    made = 0
    cuts = 0
    away = False

    def __init__(self, url: Any, *, timeout: float) -> None:
        type(self).made += 1
        self._used = 0

    def queue_facts(self, name: str) -> QueueFacts | None:
        return self.facts_of([name]).get(name)

    def facts_of(self, names: Sequence[str]) -> dict[str, QueueFacts]:
        self._used += 1
        if type(self).away or (type(self).cuts and self._used > 1):
            type(self).cuts -= 1
            raise BrokerError("gone")
        known = (QueueFacts("orders", 7, 2), QueueFacts("orders.dead", 1, 0))
        return {facts.name: facts for facts in known if facts.name in names}

    @contextmanager
    def holding(self, queue: str) -> Iterator[Iterator[Held]]:
        headers = {CAUSE_HEADER: HOSTILE, TRIES_HEADER: 3}
        message = Message("a.b", json.dumps({"id": "1", "type": "a.b", "data": HOSTILE}).encode(), headers)
        yield iter([Held(message, lambda: None)])

    def close(self) -> None:
        return None


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> type[FakeBroker]:
    made = type("Fresh", (FakeBroker,), {})
    monkeypatch.setattr(queues, "Broker", made)
    return made


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    path = tmp_path / "queues.json"
    path.write_text(json.dumps({"url": "amqp://u:p@broker/shop", "services": ["orders", "new"]}))
    return path


async def test_depths_are_kept_a_while_and_a_lost_connection_is_made_anew(
    broker: type[FakeBroker], declared: Path
) -> None:
    now = [0.0]
    asked = Queues(declared, lambda: now[0])
    assert await asked.depths() == {"orders": Depth(7, 2, 1)}
    broker.cuts = 1
    assert await asked.depths() == {"orders": Depth(7, 2, 1)}
    assert broker.made == 1
    now[0] = 11.0
    assert "orders" in await asked.depths()
    assert broker.made == 2


async def test_a_broker_or_a_file_that_is_away_is_no_depth(
    broker: type[FakeBroker], declared: Path, tmp_path: Path
) -> None:
    broker.away = True
    assert await Queues(declared).depths() == {}
    assert await Queues(tmp_path / "none.json").depths() == {}


async def test_dead_letters_are_for_the_observer_only(broker: type[FakeBroker], declared: Path) -> None:
    admin = Admin({}, Counter(), None, Queues(declared), "secret")
    async with TestClient(TestServer(admin.application())) as client:
        for shown in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
            assert (await client.get("/-/dead", headers=shown)).status == 401
        answer = await client.get("/-/dead", headers={"Authorization": "Bearer secret"})
        (found,) = [letter for letter in await answer.json() if letter["service"] == "orders"]
        assert (found["cause"], found["tries"], json.loads(found["body"])["data"]) == (HOSTILE, 3, HOSTILE)
        broker.away = True
        assert (await client.get("/-/dead", headers={"Authorization": "Bearer secret"})).status == 503


async def test_without_a_token_nobody_sees_them(declared: Path) -> None:
    admin = Admin({}, Counter(), None, Queues(declared), "")
    async with TestClient(TestServer(admin.application())) as client:
        assert (await client.get("/-/dead", headers={"Authorization": "Bearer "})).status == 401
