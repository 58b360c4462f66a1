"""Ends of containers are heard, or it is said that they cannot be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Identity
from msctl.errors import EngineError
from msctl.model.desired import ContainerSpec
from msctl.orchestrator.deaths import Deaths

IDENTITY = Identity("shop", "here")


@pytest.fixture
def engine() -> MemoryEngine:
    made = MemoryEngine()
    made.create_container(IDENTITY, ContainerSpec("shop-web-1", "service", "i", "i"), "h", {})
    made.start_container(IDENTITY, "shop-web-1")
    return made


@pytest.fixture
def deaths(engine: MemoryEngine) -> Iterator[Deaths]:
    made = Deaths(engine, "shop")
    yield made
    made.close()


def until(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30.0
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_end_is_heard(engine: MemoryEngine, deaths: Deaths) -> None:
    until(lambda: deaths.of("shop-web-1") == 0)
    engine.crash("shop-web-1", 1)
    until(lambda: (deaths.of("shop-web-1") or 0) > 0)
    assert deaths.of("shop-web-2") == 0


def test_an_engine_that_tells_nothing_is_not_heard(
    engine: MemoryEngine, deaths: Deaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(project: str, _stop: object) -> Iterator[object]:
        asked.append(project)
        raise EngineError("away")

    monkeypatch.setattr(engine, "events", refuse)
    assert deaths.of("shop-web-1") is None
    until(lambda: asked == ["shop"])
    assert deaths.of("shop-web-1") is None
    assert asked == ["shop"]


def test_who_waits_for_an_end_is_told_once(engine: MemoryEngine, deaths: Deaths) -> None:
    told: list[str] = []
    deaths.tell("shop-web-1", lambda: told.append("ended"))
    until(lambda: deaths.of("shop-web-1") == 0)
    engine.crash("shop-web-1", 1)
    engine.start_container(IDENTITY, "shop-web-1")
    engine.crash("shop-web-1", 1)
    until(lambda: deaths.of("shop-web-1") == 2)
    assert told == ["ended"]
