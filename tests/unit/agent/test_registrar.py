"""The catalog follows what runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msctl import labels
from msctl.agent.duties import outside
from msctl.agent.prober import Answer
from msctl.agent.registrar import Registrar
from msctl.engine.port import EngineEvent
from msctl.model.desired import ContainerSpec, Probe
from msctl.model.external import External
from msctl.model.upkeep import encode, upkeep_of
from msctl.registry.entries import entry_for
from msctl.registry.entry import FoundEntry
from tests.unit.agent.scene import IDENTITY, Scene, instance, own_master

NAME = "shop-orders-1"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def registrar(scene: Scene) -> Registrar:
    return Registrar(scene.engine, scene.catalog, "shop", scene.tell, ask=scene.ask)


async def test_a_new_instance_is_entered_once_it_is_ready(scene: Scene, registrar: Registrar) -> None:
    scene.answers[f"{NAME}/readyz"] = Answer(False, "503")
    async with scene.at_work(registrar):
        scene.start(instance())
        scene.start(instance(2))
        await scene.until(lambda: "shop-orders-2" in scene.catalog.held)
        assert NAME not in scene.catalog.held
        scene.answers.clear()
        await scene.until(lambda: NAME in scene.catalog.held)
    assert ("registered", NAME, "ready at 10.192.0.16:8000") in scene.told


@pytest.mark.parametrize("spec", [instance(), own_master()])
async def test_a_death_takes_the_entry_out(scene: Scene, registrar: Registrar, spec: object) -> None:
    scene.start(own_master() if spec == own_master() else instance())
    scene.catalog.put(NAME)
    async with scene.at_work(registrar):
        await scene.until(lambda: registrar.trouble() is None)
        scene.engine.crash(NAME, 9)
        await scene.until(lambda: ("deregistered", NAME, "exited with code 9") in scene.told)
    assert NAME not in scene.catalog.held


async def test_a_catalog_that_lost_its_data_is_filled_again(scene: Scene, registrar: Registrar) -> None:
    scene.start(instance())
    async with scene.at_work(registrar):
        await scene.until(lambda: NAME in scene.catalog.held)
        scene.catalog.held.clear()
        await scene.until(lambda: NAME in scene.catalog.held)


async def test_ghosts_are_swept_and_strangers_are_not(scene: Scene, registrar: Registrar) -> None:
    scene.catalog.put("shop-orders-7")
    scene.catalog.put("theirs", project="other")
    async with scene.at_work(registrar):
        await scene.until(lambda: set(scene.catalog.held) == {"theirs"})


async def test_nothing_is_written_while_nothing_changes(scene: Scene, registrar: Registrar) -> None:
    scene.start(instance())
    async with scene.at_work(registrar):
        await scene.until(lambda: NAME in scene.catalog.held)
        for _ in range(3):
            scene.told.clear()
            registrar.wake()
            await scene.until(lambda: registrar.trouble() is None)
    assert scene.catalog.writes == [f"register {NAME}"]


async def test_trouble_is_told_once_and_ends(scene: Scene, registrar: Registrar) -> None:
    scene.catalog.away = True
    scene.start(instance())
    async with scene.at_work(registrar):
        await scene.until(lambda: registrar.trouble() == "Consul does not answer")
        scene.catalog.away = False
        await scene.until(lambda: NAME in scene.catalog.held)
        await scene.until(lambda: registrar.trouble() is None)
    assert [words for event, _, words in scene.told if event == "trouble"] == ["Consul does not answer"]


async def test_asking_ends_with_the_instance(scene: Scene, registrar: Registrar) -> None:
    scene.answers[f"{NAME}/readyz"] = Answer(False, "refused")
    async with scene.at_work(registrar):
        scene.start(instance())
        scene.start(instance(2))
        await scene.until(lambda: "shop-orders-2" in scene.catalog.held)
        scene.engine.remove_container(IDENTITY, NAME)
        scene.engine.crash("shop-orders-2", 1)
        await scene.until(lambda: not scene.catalog.held)
    assert f"register {NAME}" not in scene.catalog.writes


@pytest.mark.parametrize("drains_until", [None, 4_000_000_000.0], ids=["entered", "leaving"])
async def test_who_was_quicker_is_not_overruled(
    scene: Scene, registrar: Registrar, drains_until: float | None
) -> None:
    asked, wanted = f"{NAME}/readyz", entry_for("shop", instance(), "10.192.0.16")
    assert wanted is not None
    scene.answers[asked] = Answer(False, "503")
    async with scene.at_work(registrar):
        scene.start(instance())
        scene.start(instance(2))
        await scene.until(lambda: "shop-orders-2" in scene.catalog.held)
        scene.catalog.held[NAME] = FoundEntry(wanted, "registry", drains_until=drains_until)
        scene.answers.clear()
        scene.start(instance(3))
        await scene.until(lambda: "shop-orders-3" in scene.catalog.held)
    assert f"register {NAME}" not in scene.catalog.writes
    assert scene.catalog.held[NAME].drains_until == drains_until


async def test_what_runs_elsewhere_is_entered_and_leaves_with_its_line(scene: Scene) -> None:
    known = [External("shop-mail-external", "mail", "mail.example", 81, Probe("http", 81, "/status"))]
    registrar = Registrar(
        scene.engine, scene.catalog, "shop", scene.tell, lambda: outside("shop", known), scene.ask
    )
    async with scene.at_work(registrar):
        await scene.until(lambda: "shop-mail-external" in scene.catalog.held)
        known.clear()
        registrar.wake()
        await scene.until(lambda: not scene.catalog.held)


@pytest.mark.parametrize("spec", [instance(), own_master()], ids=["entered", "self"])
async def test_late_word_of_a_death_takes_no_successor_out(
    scene: Scene, registrar: Registrar, spec: ContainerSpec
) -> None:
    """The container is well again, or there is another one of its name, when the event comes at last."""
    scene.start(spec)
    wanted = entry_for("shop", instance(), "10.192.0.16")
    assert wanted is not None
    scene.catalog.held[NAME] = FoundEntry(wanted, "registry")
    late = EngineEvent(NAME, "die", LONG_AGO, {labels.UPKEEP: encode(upkeep_of(spec)) or ""})
    async with scene.at_work(registrar):
        await scene.until(lambda: registrar.trouble() is None)
        registrar.heard(late)
        scene.start(instance(2))
        await scene.until(lambda: "shop-orders-2" in scene.catalog.held)
        assert NAME in scene.catalog.held
        scene.answers[f"{NAME}/readyz"] = Answer(False, "503")
        registrar.heard(late)
        await scene.until(lambda: NAME not in scene.catalog.held)


async def test_what_died_is_not_asked_though_the_engine_still_lists_it_as_running(
    scene: Scene, registrar: Registrar
) -> None:
    scene.start(instance())
    async with scene.at_work(registrar):
        await scene.until(lambda: NAME in scene.catalog.held)
        death = EngineEvent(
            NAME, "die", datetime.now(UTC), {labels.UPKEEP: encode(upkeep_of(instance())) or ""}
        )
        registrar.heard(death)
        await scene.until(lambda: ("deregistered", NAME, "exited") in scene.told)
