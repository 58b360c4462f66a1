"""The backup before a migrating update: made when it is needed, told, and not kept for ever."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msctl.engine.port import ExecResult
from msctl.errors import StartFailed
from msctl.model.project import Project
from msctl.orchestrator.databases import guarding
from msctl.orchestrator.databases.backups import backups
from msctl.orchestrator.databases.guarding import KEPT, BackupFailed
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service


@pytest.fixture
def declared(tmp_path: Path) -> Project:
    folder = tmp_path / "services" / "orders" / "migrations"
    folder.mkdir(parents=True)
    (folder / "001_a.sql").write_text("SELECT 1")
    return replace(project(service("orders", "postgres"), service("web")), folder=tmp_path)


@pytest.fixture
def running(stage: Stage, up: UpCase, declared: Project, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The project is up, its one migration is applied, and dumps come from nowhere."""
    monkeypatch.setattr("msctl.orchestrator.databases.backups.dump", lambda *_: iter([b"-- dump"]))
    up(declared)
    stage.engine.script.answer = lambda name, command, stdin: ExecResult(
        0, "001_a.sql\n" if "SELECT name FROM msctl_migrations" in " ".join(command) else ""
    )
    return stage


def update(stage: Stage, declared: Project, number: int) -> None:
    folder = declared.folder / "services" / "orders" / "migrations"
    (folder / f"{number:03}_more.sql").write_text("SELECT 2")
    stage.images.content["orders"] = str(number)


def kept(stage: Stage) -> list[Path]:
    return backups(stage.workspace.folder, "orders")


def test_an_update_without_a_migration_makes_none(running: Stage, up: UpCase, declared: Project) -> None:
    running.images.content["orders"] = "two"
    assert up(declared).changed
    assert kept(running) == []


def test_a_migrating_update_makes_one_and_says_where(running: Stage, up: UpCase, declared: Project) -> None:
    update(running, declared, 2)
    up(declared)
    [path] = kept(running)
    assert any(str(path) in str(event) for event in running.sink.events)
    up(declared)
    assert kept(running) == [path]


def test_a_failing_one_says_how_what_was_comes_back(running: Stage, up: UpCase, declared: Project) -> None:
    update(running, declared, 2)
    running.answers["shop-orders-1"] = (False, "503 migration 002_more.sql failed")
    with pytest.raises(StartFailed) as failed:
        up(declared, timeout=0.2)
    assert f"msctl db restore orders {kept(running)[0]}" in str(failed.value.hint)


def test_only_the_last_automatic_ones_are_kept(
    running: Stage, up: UpCase, declared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = running.workspace.folder / "backups" / "orders" / "20200101T000000Z.sql.gz"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(b"")
    for day in range(1, 2 * KEPT):
        (by_hand.parent / f"202101{day:02}T000000Z.before-migration.sql.gz").write_bytes(b"")
    update(running, declared, 2)
    up(declared)
    assert len(kept(running)) == KEPT + 1
    assert kept(running)[0] == by_hand
    assert "2021" not in kept(running)[-1].name


def test_without_a_backup_nothing_is_changed(
    running: Stage, up: UpCase, declared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StartFailed("no space left", [])

    monkeypatch.setattr(guarding, "backup", fail)
    update(running, declared, 2)
    before = running.ids()
    with pytest.raises(BackupFailed, match="nothing was changed") as refused:
        up(declared)
    assert refused.value.hint
    assert running.ids() == before
