"""Following one key of Consul's store."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, cast

import aiohttp
import pytest

from msctl.registry.keywatch import KeyWatch
from msctl.registry.watch import Consul

Step = tuple[int, str, bytes] | Exception


class Answer:
    def __init__(self, status: int, index: str, body: bytes) -> None:
        self.status = status
        self.headers = {"X-Consul-Index": index}
        self._body = body

    async def read(self) -> bytes:
        return self._body

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Script:
    """Stands in for the HTTP session; ends the watch when its answers are used up."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.indexes: list[str] = []

    def get(self, url: str, params: dict[str, str], headers: dict[str, str], timeout: object) -> Any:
        assert url == "http://consul/v1/kv/msctl/key"
        assert headers == {"X-Consul-Token": "secret"}
        self.indexes.append(params["index"])
        if not self.steps:
            raise asyncio.CancelledError
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return Answer(step[0], str(step[1]), step[2])


async def watch(*steps: Step) -> tuple[int, list[str]]:
    """How often something may have changed, and the indexes asked for."""
    script, told, now = Script(*steps), 0, 0.0

    def changed() -> None:
        nonlocal told
        told += 1

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    consul = Consul("http://consul", lambda: "secret")
    session = cast("aiohttp.ClientSession", script)
    with pytest.raises(asyncio.CancelledError):
        await KeyWatch("msctl/key", consul, session, changed, lambda: now, sleep).run()
    return told, script.indexes


async def test_the_first_answer_and_each_change_are_told() -> None:
    steps = ((200, "4", b"a"), (200, "4", b"a"), (200, "5", b"b"), (200, "6", b"b"))
    assert await watch(*steps) == (2, ["0", "4", "4", "5", "6"])


async def test_the_last_of_a_burst_of_changes_is_known_within_a_fraction_of_a_second() -> None:
    script = Script(*((200, str(number), b"%d" % number) for number in range(1, 11)))
    now, told = 0.0, list[float]()

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    session = cast("aiohttp.ClientSession", script)
    key_watch = KeyWatch(
        "msctl/key", Consul("http://consul", lambda: "secret"), session, lambda: told.append(now),
        lambda: now, sleep,
    )  # fmt: skip
    with pytest.raises(asyncio.CancelledError):
        await key_watch.run()
    waits = [later - sooner for sooner, later in pairwise(told)]
    assert waits == pytest.approx([0.2] * 9)


async def test_a_key_that_is_not_there_may_come() -> None:
    assert await watch((404, "4", b""), (200, "5", b"a")) == (2, ["0", "4", "5"])


async def test_while_consul_is_away_anything_may_have_changed() -> None:
    away = aiohttp.ClientError("refused")
    assert await watch((200, "4", b"a"), away, (403, "0", b""), (200, "4", b"a")) == (
        4,
        ["0", "4", "0", "0", "4"],
    )


async def test_an_index_that_went_back_starts_anew() -> None:
    assert await watch((200, "9", b"a"), (200, "2", b"b"), (200, "3", b"b")) == (2, ["0", "9", "0", "3"])
