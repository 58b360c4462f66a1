"""msctl killed at any moment of ``up``: the next one finishes the work, and ``down`` cleans up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from msctl.engine.memory.script import Script
from msctl.model.project import Project
from tests.unit.orchestrator.conftest import DownCase, UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service

SHOP = project(
    service("orders", "postgres", replicas=2, publishes=("order.placed",)),
    service("inventory", "mariadb", registration="self"),
)


class Killed(BaseException):
    """The process ended here."""


@dataclass(slots=True)
class MortalScript(Script):
    """Lets the process die at its change number ``lives``; nothing can be asked of the dead."""

    lives: int = 10**9

    def changed(self, method: str, name: str) -> None:
        self.lives -= 1
        Script.changed(self, method, name)

    def asked(self, method: str, name: str) -> None:
        if self.lives <= 0:
            raise Killed
        Script.asked(self, method, name)


def test_the_next_up_finishes_what_a_killed_one_began(stage: Stage, up: UpCase, down: DownCase) -> None:
    script = mortal(stage)
    total = count_changes(script, up)
    for moment in range(1, total + 1):
        script.lives = 10**9
        down(volumes=True)
        killed_up(script, up, SHOP, moment)
        up(SHOP)
        assert {c.state for c in stage.engine.observe("shop").containers} == {"running"}
        assert provisioned(script), f"killed at change {moment}"
        assert up(SHOP).changed == ()


def test_the_next_up_finishes_a_killed_rolling_update(stage: Stage, up: UpCase) -> None:
    script = mortal(stage)
    up(SHOP)
    for moment in range(1, 20):
        stage.images.content["orders"] = f"version-{moment}"
        killed_up(script, up, SHOP, moment)
        up(SHOP)
        images = {c.image for c in stage.engine.observe("shop").containers if c.role == "service"}
        assert images == {f"shop/orders:version-{moment}", "shop/inventory:one"}
        assert up(SHOP).changed == ()


def test_down_cleans_up_after_a_killed_up(stage: Stage, up: UpCase, down: DownCase) -> None:
    script = mortal(stage)
    for moment in range(1, count_changes(script, up) + 1):
        script.lives = 10**9
        down(volumes=True)
        killed_up(script, up, SHOP, moment)
        down(volumes=True)
        left = stage.engine.observe("shop")
        assert (left.containers, left.networks, left.volumes) == ((), (), ())


def mortal(stage: Stage) -> MortalScript:
    script = MortalScript(streams=stage.engine.script.streams)
    stage.engine.script = script
    return script


def count_changes(script: MortalScript, up: UpCase) -> int:
    script.lives = 10**9
    up(SHOP)
    return 10**9 - script.lives


def killed_up(script: MortalScript, up: UpCase, wanted: Project, moment: int) -> None:
    """``up`` that dies at its change number ``moment``, unless it was done before."""
    script.commands.clear()
    script.lives = moment
    try:
        up(wanted)
    except Killed:
        pass
    finally:
        script.lives = 10**9


def provisioned(script: Script) -> bool:
    """Whether the database's role was made since the kill's ``up`` began."""
    return any(run.container == "shop-orders-db" and run.command[0] == "psql" for run in script.commands)


def test_the_double_really_dies(stage: Stage, up: UpCase) -> None:
    script = mortal(stage)
    script.lives = 3
    with pytest.raises(Killed):
        up(SHOP)
