"""A stop is over for others at the end of the processes, and for the removal at the engine's answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Identity
from msctl.errors import EngineError
from msctl.model.desired import ContainerSpec
from msctl.orchestrator.ending import Ending

IDENTITY = Identity("shop", "here")
NAME = "shop-web-1"


class SlowEngine(MemoryEngine):
    """Its answer to a stop comes when ``answer`` is set; the processes end when ``end`` is."""

    def __init__(self) -> None:
        super().__init__()
        self.end, self.answer = Event(), Event()

    def stop_container(
        self, identity: Identity, name: str, grace: float, *, stays_down: bool = False
    ) -> None:
        assert self.end.wait(30)
        super().stop_container(identity, name, grace, stays_down=stays_down)
        assert self.answer.wait(30)


@pytest.fixture
def engine() -> Iterator[SlowEngine]:
    made = SlowEngine()
    made.create_container(IDENTITY, ContainerSpec(NAME, "service", "i", "i"), "h", {})
    made.start_container(IDENTITY, NAME)
    yield made
    made.end.set()
    made.answer.set()


@pytest.fixture
def ending(engine: SlowEngine) -> Iterator[Ending]:
    made = Ending(engine, IDENTITY)
    yield made
    engine.end.set()
    engine.answer.set()
    made.close()


def test_the_removal_waits_for_the_engine_and_nobody_else_does(engine: SlowEngine, ending: Ending) -> None:
    with ThreadPoolExecutor(2) as pool:
        over = pool.submit(ending.end, NAME, 1.0)
        assert not over.done()
        engine.end.set()
        over.result(30)
        assert engine.inspect(NAME).state == "exited"
        done = pool.submit(ending.finish, NAME)
        assert not done.done()
        engine.answer.set()
        done.result(30)


def test_an_engine_that_tells_no_ends_is_waited_for(
    engine: SlowEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(project: str, _stop: object) -> Iterator[object]:
        raise EngineError("away")

    monkeypatch.setattr(engine, "events", refuse)
    ending = Ending(engine, IDENTITY)
    engine.end.set()
    with ThreadPoolExecutor(1) as pool:
        over = pool.submit(ending.end, NAME, 1.0)
        engine.answer.set()
        over.result(30)
    ending.close()


@pytest.mark.parametrize("ask", ["end", "finish"])
def test_a_stop_that_fails_is_told(engine: SlowEngine, ending: Ending, ask: str) -> None:
    engine.script.fail("stop_container", NAME, EngineError("device busy"))
    engine.end.set()
    with pytest.raises(EngineError, match="device busy"):
        ending.end(NAME, 1.0)
    if ask == "finish":
        with pytest.raises(EngineError, match="device busy"):
            ending.finish(NAME)


def test_what_was_not_stopped_is_not_waited_for(ending: Ending) -> None:
    ending.finish("shop-web-2")
