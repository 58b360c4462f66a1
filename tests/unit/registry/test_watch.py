"""The decisions of the catalog watch, and its loop against scripted answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import aiohttp
import pytest

from msctl.registry.watch import (
    DOUBT_SECONDS,
    LEADERLESS,
    CatalogWatch,
    Consul,
    Known,
    Pace,
    Reply,
    advance,
    read_addresses,
)
from msctl.resilience.endpoints import Address

ONE = (Address("shop-orders-1", "10.1.2.3", 8000),)
TWO = (*ONE, Address("shop-orders-2", "10.1.2.4", 8000))


def test_snapshots_replace_each_other_whole() -> None:
    known = advance(Known(), Reply(7, ONE), 0.0)
    assert known == Known(7, ONE)
    assert advance(known, Reply(8, ()), 1.0) == Known(8, ())


def test_index_that_goes_backwards_restarts_from_zero() -> None:
    assert advance(Known(100, ONE), Reply(5, TWO), 3.0) == Known(0, TWO, troubled_at=3.0)
    assert advance(Known(0, ONE), Reply(0, ONE), 0.0).index == 0


def test_consul_without_memory_is_not_believed_at_once() -> None:
    known = advance(Known(100, TWO), Reply(5, ()), 10.0)
    assert known == Known(0, TWO, troubled_at=10.0)
    known = advance(known, Reply(5, ()), 12.0)
    assert known.addresses == TWO
    assert advance(known, Reply(6, ()), 10.0 + DOUBT_SECONDS).addresses == ()
    assert advance(known, Reply(6, ONE), 13.0) == Known(6, ONE, troubled_at=10.0)


def test_a_new_leader_that_has_not_heard_from_the_nodes_yet_is_not_believed() -> None:
    known = advance(Known(100, TWO, troubled_at=10.0), Reply(100, TWO), 11.0)
    known = advance(known, Reply(104, ()), 12.0)
    assert known == Known(104, TWO, troubled_at=10.0)
    assert advance(known, Reply(104, ()), 10.0 + DOUBT_SECONDS) == Known(104, ())


def test_a_consul_without_leader_is_not_believed_when_it_knows_nobody() -> None:
    known = advance(Known(100, TWO), Reply(104, (), led=False), 10.0)
    assert known == Known(104, TWO, troubled_at=10.0)


def test_addresses_of_a_document() -> None:
    document: list[dict[str, Any]] = [
        {
            "Service": {
                "ID": "a",
                "Address": "10.0.0.1",
                "Port": 80,
                "Weights": {"Passing": 5},
                "CreateIndex": 9,
            },
            "Node": {},
        },
        {"Service": {"ID": "b", "Address": "", "Port": 81}, "Node": {"Address": "10.0.0.2"}},
    ]
    assert read_addresses(document) == (Address("a", "10.0.0.1", 80, 5, 9), Address("b", "10.0.0.2", 81))


def test_pace_is_eight_queries_at_once_and_then_two_a_second() -> None:
    pace = Pace()
    assert _delays(pace, 0.0, 11) == [0.0] * 8 + [0.5] * 3
    assert _delays(pace, 10.0, 9) == [0.0] * 8 + [0.5]


def test_news_is_followed_at_up_to_twenty_a_second() -> None:
    pace = Pace()
    delays = _delays(pace, 0.0, 100, news=True)
    assert delays[:70] == [0.0] * 70
    assert delays[-1] == pytest.approx(0.05)


def _delays(pace: Pace, now: float, count: int, *, news: bool = False) -> list[float]:
    delays = []
    for _ in range(count):
        delays.append(pace.delay(now))
        now += delays[-1]
        pace.asked(now, news=news)
    return delays


class Answer:
    """What a scripted Consul says to one query."""

    def __init__(self, document: Any, index: str = "1", status: int = 200, led: str = "true") -> None:
        self.document, self.status = document, status
        self.headers = {"X-Consul-Index": index, "X-Consul-KnownLeader": led}

    async def json(self, content_type: str | None) -> Any:
        return self.document

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Script:
    """Stands in for the HTTP session; ends the watch when its answers are used up."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.queries: list[dict[str, str]] = []
        self.tokens: list[str | None] = []

    def get(self, url: str, params: dict[str, str], headers: dict[str, str], timeout: object) -> Answer:
        assert url == "http://consul/v1/health/service/orders"
        self.queries.append(params)
        self.tokens.append(headers.get("X-Consul-Token"))
        if not self.answers:
            raise asyncio.CancelledError
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Watched:
    """Runs a watch over a script to its end, on a clock that sleeping moves."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.script = Script(*answers)
        self.snapshots: list[tuple[Address, ...]] = []
        self.trouble: list[str | None] = []
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    async def run(self, token: Callable[[], str | None] = lambda: "secret") -> None:
        watch = CatalogWatch(
            "orders",
            Consul("http://consul", token),
            cast("aiohttp.ClientSession", self.script),
            self.snapshots.append,
            self.trouble.append,
            clock=lambda: self.now,
            sleep=self.sleep,
            dice=lambda: 1.0,
        )
        with pytest.raises(asyncio.CancelledError):
            await watch.run()


def entry(name: str) -> dict[str, Any]:
    return {"Service": {"ID": name, "Address": "10.0.0.1", "Port": 80}}


async def test_changes_are_told_once_and_the_index_is_followed() -> None:
    watched = Watched(Answer([entry("a")], "4"), Answer([entry("a")], "5"), Answer([entry("b")], "6"))
    await watched.run()
    assert [[a.name for a in s] for s in watched.snapshots] == [["a"], ["b"]]
    assert [q["index"] for q in watched.script.queries] == ["0", "4", "5", "6"]
    assert watched.script.tokens[0] == "secret"


async def test_an_index_that_moves_on_is_followed_at_once_and_one_that_jumps_back_at_two_a_second() -> None:
    moving = Watched(*(Answer([entry("a")], str(n)) for n in range(1, 61)))
    await moving.run()
    assert moving.now < 60 * 0.05
    jumping = Watched(*(Answer([entry("a")], str(5 - n % 2)) for n in range(60)))
    await jumping.run()
    assert jumping.now >= (60 - 9) * 0.5


async def test_last_known_good_stays_while_consul_is_away() -> None:
    watched = Watched(
        Answer([entry("a")], "4"),
        aiohttp.ClientError("refused"),
        Answer(None, status=500),
        Answer([entry("a")], "4"),
    )
    await watched.run()
    assert len(watched.snapshots) == 1
    assert watched.trouble[1] == "Consul does not answer: refused"
    assert watched.trouble[2] == "Consul answered 500 for service 'orders'"
    assert watched.trouble[3] is None
    assert [s for s in watched.slept if s > 0.0] == [1.0, 2.0]
    assert [q["index"] for q in watched.script.queries] == ["0", "4", "0", "0", "4"]


async def test_a_consul_without_leader_is_listened_to_and_complained_of_and_asked_again_soon() -> None:
    watched = Watched(Answer([entry("a")], "4", led="false"), Answer([entry("a")], "4"))
    await watched.run()
    assert len(watched.snapshots) == 1
    assert watched.trouble == [LEADERLESS, None]
    assert [q["wait"] for q in watched.script.queries] == ["30s", "2s", "2s"]


async def test_a_consul_that_comes_back_knowing_nobody_is_believed_after_a_while() -> None:
    watched = Watched(
        Answer([entry("a")], "4"),
        aiohttp.ClientError("refused"),
        *(Answer([], "9") for _ in range(70)),
    )
    await watched.run()
    assert [[a.name for a in s] for s in watched.snapshots] == [["a"], []]
    waits = [q["wait"] for q in watched.script.queries]
    assert (waits[0], waits[2], waits[-1]) == ("30s", "2s", "30s")


@pytest.mark.parametrize("document", [None, {"a": 1}, [{"Service": {}}], ["x"], 7])
async def test_nonsense_is_trouble_and_not_a_crash(document: object) -> None:
    watched = Watched(Answer(document))
    await watched.run()
    assert watched.snapshots == []
    assert watched.trouble == ["Consul's answer for 'orders' is not understood"]


async def test_wrong_token_is_said_with_growing_pauses() -> None:
    watched = Watched(Answer([entry("a")], "4"), *(Answer(None, status=403) for _ in range(8)))
    await watched.run()
    assert watched.trouble[-1] == "Consul answered 403 for service 'orders'"
    assert [s for s in watched.slept if s > 0.0][-1] == 3.0


async def test_while_a_system_starts_the_pauses_are_short_for_a_while() -> None:
    watched = Watched(*(Answer(None, status=403) for _ in range(64)))
    await watched.run()
    pauses = [s for s in watched.slept if s > 0.0]
    assert set(pauses[:60]) == {0.5}
    assert pauses[-1] == 3.0
