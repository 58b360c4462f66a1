"""Who is brought back, and who is left alone."""

from __future__ import annotations

import pytest

from msctl.agent.keeper import FAILURES_TO_HANG, Keeper
from msctl.agent.prober import Answer, Target
from msctl.model.observed import ObservedContainer
from tests.unit.agent.scene import IDENTITY, Scene, instance

NAME = "shop-orders-1"
SILENT = Answer(False, "no answer within 1 s")


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.start(instance())
    return made


@pytest.fixture
def keeper(scene: Scene) -> Keeper:
    return Keeper(scene.engine, "shop", scene.tell, ask=scene.ask)


async def test_what_was_killed_comes_back(scene: Scene, keeper: Keeper) -> None:
    async with scene.at_work(keeper):
        scene.engine.signal_container(IDENTITY, NAME, "SIGKILL")
        await scene.until(lambda: ("restarted", NAME, "it was killed") in scene.told)
        assert scene.state(NAME) == "running"


async def test_what_ended_otherwise_is_left_to_docker_or_stays_down(scene: Scene, keeper: Keeper) -> None:
    scene.start(instance(2))
    async with scene.at_work(keeper):
        scene.engine.stop_container(IDENTITY, NAME, 1.0)
        scene.engine.signal_container(IDENTITY, "shop-orders-2", "SIGKILL")
        await scene.until(lambda: scene.state("shop-orders-2") == "running")
    assert scene.state(NAME) == "exited"


async def test_one_that_hangs_is_killed_and_started(scene: Scene, keeper: Keeper) -> None:
    async with scene.at_work(keeper):
        await scene.until(lambda: keeper.alive(NAME))
        scene.answers[f"{NAME}/livez"] = SILENT
        await scene.until(lambda: ("restarted", NAME, "it hung: no answer within 1 s") in scene.told)
    assert (NAME, "SIGKILL") in scene.engine.script.signals
    assert scene.state(NAME) == "running"
    assert FAILURES_TO_HANG > 1


async def test_one_that_boots_anew_at_its_old_address_does_not_hang(scene: Scene) -> None:
    asked: list[str] = []

    async def ask(target: Target) -> Answer:
        asked.append(target.id)
        return await scene.ask(target)

    keeper = Keeper(scene.engine, "shop", scene.tell, ask=ask)
    async with scene.at_work(keeper):
        await scene.until(lambda: keeper.alive(NAME))
        scene.answers[f"{NAME}/livez"] = SILENT
        scene.engine.stop_container(IDENTITY, NAME, 0)
        scene.engine.start_container(IDENTITY, NAME)
        await scene.until(lambda: not keeper.alive(NAME))
        before = len(asked)
        await scene.until(lambda: len(asked) > before + FAILURES_TO_HANG)
    assert scene.engine.script.signals == []


@pytest.mark.parametrize("answer", [SILENT, Answer(False, "404 not here")])
async def test_one_that_never_was_alive_or_has_no_such_page_is_left(
    scene: Scene, keeper: Keeper, answer: Answer
) -> None:
    scene.answers[f"{NAME}/livez"] = answer
    scene.start(instance(2))
    async with scene.at_work(keeper):
        await scene.until(lambda: keeper.alive("shop-orders-2"))
        scene.answers["shop-orders-2/livez"] = SILENT
        await scene.until(lambda: any(event == "restarted" for event, *_ in scene.told))
    assert {subject for event, subject, _ in scene.told if event == "restarted"} == {"shop-orders-2"}


async def test_the_engine_is_asked_what_runs_when_something_happened_and_not_each_time(
    scene: Scene,
) -> None:
    lists: list[float] = []
    listed = scene.engine.containers

    def counted(project: str) -> tuple[ObservedContainer, ...]:
        lists.append(0.0)
        return listed(project)

    scene.engine.containers = counted  # type: ignore[method-assign]
    asked = 0

    async def ask(target: Target) -> Answer:
        nonlocal asked
        asked += 1
        return await scene.ask(target)

    keeper = Keeper(scene.engine, "shop", scene.tell, ask=ask)
    async with scene.at_work(keeper):
        await scene.until(lambda: asked >= 4)
        assert len(lists) == 1
        scene.start(instance(2))
        await scene.until(lambda: keeper.alive("shop-orders-2"))
