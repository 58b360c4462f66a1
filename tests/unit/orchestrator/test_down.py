"""``down`` as a whole, on an engine in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.engine.port import Identity
from msctl.errors import EngineError, ProjectConflict, StartFailed
from msctl.model.desired import ContainerSpec, NetworkSpec, VolumeSpec
from msctl.orchestrator.credentials import FILE
from msctl.orchestrator.workspace import Workspace
from tests.unit.orchestrator.conftest import DownCase, UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import shop

DATA = {
    f"shop-{name}-data"
    for name in ("registry", "broker", "observer", "metrics", "orders", "inventory", "notifications")
}


def test_nothing_is_left_but_data(stage: Stage, up: UpCase, down: DownCase) -> None:
    up(shop())
    assert set(down().kept_volumes) == DATA
    left = stage.engine.observe("shop")
    assert (left.containers, left.networks, stage.registry.held) == ((), (), {})
    assert {v.name for v in left.volumes} == DATA


def test_nothing_at_all_is_left_when_data_is_given_up(stage: Stage, up: UpCase, down: DownCase) -> None:
    up(shop())
    assert down(volumes=True).kept_volumes == ()
    left = stage.engine.observe("shop")
    assert (left.containers, left.networks, left.volumes) == ((), (), ())
    assert stage.workspace.read(FILE) == {}


def test_the_next_up_first_ends_a_down_that_was_cut_short(stage: Stage, up: UpCase, down: DownCase) -> None:
    """What still runs was asked to stop: the engine goes on with that although the command is dead."""
    up(shop())
    stage.engine.script.fail("stop_container", "shop-web-1", EngineError("the engine is away"))
    with pytest.raises(StartFailed):
        down()
    before = stage.ids()
    assert "shop-web-1" in before
    up(shop())
    assert stage.ids()["shop-web-1"] != before["shop-web-1"]
    again = stage.ids()
    up(shop())
    assert stage.ids() == again


def test_credentials_stay_with_the_data(stage: Stage, up: UpCase, down: DownCase) -> None:
    up(shop())
    kept = stage.workspace.read(FILE)
    down()
    assert stage.workspace.read(FILE) == kept
    up(shop())
    assert stage.workspace.read(FILE) == kept


def test_strangers_objects_stay(stage: Stage, up: UpCase, down: DownCase) -> None:
    stranger = Identity("stranger", "elsewhere")
    stage.engine.create_network(stranger, NetworkSpec("theirs", "project"), None)
    stage.engine.create_volume(stranger, VolumeSpec("theirs", "database"))
    stage.engine.create_container(stranger, ContainerSpec("theirs", "service", "i", "i"), "h", {})
    up(shop())
    down(volumes=True)
    theirs = stage.engine.observe("stranger")
    assert len(theirs.containers) == len(theirs.networks) == len(theirs.volumes) == 1


def test_what_turns_clients_away_stops_first_and_the_registry_holds_nothing_when_it_stops(
    stage: Stage, up: UpCase, down: DownCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(shop())
    stop = stage.engine.stop_container
    stopped: list[str] = []
    held: list[set[str]] = []

    def watched(identity: Identity, name: str, grace: float, *, stays_down: bool = False) -> None:
        if name == "shop-registry":
            held.append(set(stage.registry.held))
        stopped.append(name)
        stop(identity, name, grace, stays_down=stays_down)

    monkeypatch.setattr(stage.engine, "stop_container", watched)
    down()
    assert stopped.index("shop-gateway") < stopped.index("shop-web-1")
    assert held[0] == set()


def test_what_cannot_be_removed_is_told_and_the_rest_goes(stage: Stage, up: UpCase, down: DownCase) -> None:
    up(shop())
    stage.engine.script.fail("remove_container", "shop-web-1", EngineError("device busy"))
    with pytest.raises(StartFailed) as caught:
        down()
    assert [(card.subject, card.cause) for card in caught.value.cards] == [("shop-web-1", "device busy")]
    assert "shop-orders-1" not in stage.ids()
    down()
    assert stage.ids() == {}


def test_another_checkouts_project_is_refused(
    stage: Stage, up: UpCase, down: DownCase, tmp_path: Path
) -> None:
    up(shop())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stage.workspace = Workspace.of(elsewhere)
    with pytest.raises(ProjectConflict) as caught:
        down()
    assert "add --adopt" in (caught.value.hint or "")
    down(adopt=True)
    assert stage.ids() == {}


def test_another_checkouts_data_is_not_removed_unless_adopted(
    stage: Stage, up: UpCase, down: DownCase, tmp_path: Path
) -> None:
    up(shop())
    down()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stage.workspace = Workspace.of(elsewhere)
    with pytest.raises(ProjectConflict, match="another checkout"):
        down(volumes=True)
    assert {v.name for v in stage.engine.observe("shop").volumes} == DATA
    down(volumes=True, adopt=True)
    assert stage.engine.observe("shop").volumes == ()


def test_nothing_running_is_no_error(down: DownCase) -> None:
    found = down()
    assert (found.removed, found.kept_volumes) == (0, ())
