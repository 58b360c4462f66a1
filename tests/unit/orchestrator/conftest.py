"""The stage, and the use cases ``up`` and ``down`` performed on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from msctl.model.project import Project
from msctl.orchestrator import broker_upkeep
from msctl.orchestrator import down as down_module
from msctl.orchestrator import up as up_module
from msctl.orchestrator.down import DownResult
from msctl.orchestrator.target import Target
from msctl.orchestrator.up import Up, UpResult
from tests.unit.orchestrator.stage import Stage

UpCase = Callable[..., UpResult]


class DownCase(Protocol):
    """Takes the shop down."""

    def __call__(self, *, volumes: bool = False, adopt: bool = False) -> DownResult: ...


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(tmp_path)
    monkeypatch.setattr(up_module, "Access", made.access)
    monkeypatch.setattr(down_module, "Access", made.access)
    monkeypatch.setattr(broker_upkeep, "tidy", lambda *_, **__: ("the broker was tidied",))
    return made


@pytest.fixture
def up(stage: Stage) -> UpCase:
    def perform(project: Project, *, timeout: float = 20.0, adopt: bool = False) -> UpResult:
        case = Up(stage.engine, stage.images, stage.workspace, stage.sink, timeout=timeout, adopt=adopt)
        return case.run(stage.declare(project))

    return perform


@pytest.fixture
def down(stage: Stage) -> DownCase:
    def perform(*, volumes: bool = False, adopt: bool = False) -> DownResult:
        target = Target("shop", stage.workspace.origin, stage.workspace.lock, stage.workspace)
        return down_module.down(stage.engine, target, stage.sink, volumes=volumes, adopt=adopt)

    return perform
