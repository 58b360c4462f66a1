"""Whose database it is, which backups there are, what is seeded."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from msctl.errors import NotRunning, UsageError
from msctl.model.project import Database, Service
from msctl.orchestrator.databases.backups import backups, chosen, opened, usual_path
from msctl.orchestrator.databases.migrating import seed_files
from msctl.orchestrator.databases.place import Place, place_of
from msctl.orchestrator.databases.scripts import command, shell_command
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import shop

PLACE = Place("orders", "shop-orders-db", "postgres")


def test_a_service_without_a_database_is_told_with_those_that_have_one(tmp_path: Path) -> None:
    services = {"a": Service("a", image="a", database=Database("redis")), "b": Service("b", image="b")}
    project = replace(shop(), services=services)
    for name, words in (("b", "has no database"), ("c", "there is no service")):
        with pytest.raises(UsageError, match=words) as refused:
            place_of(Stage(tmp_path).engine, project, name)
        assert "with a database: a" in str(refused.value.hint)


def test_a_database_that_rests_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="shop-orders-db does not run") as refused:
        place_of(Stage(tmp_path).engine, shop(), "orders")
    assert "msctl up" in str(refused.value.hint)


def test_the_latest_backup_is_the_last_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no backup of 'orders' yet"):
        chosen(tmp_path, "orders", "latest")
    for day in (3, 1, 2):
        path = usual_path(tmp_path, PLACE, datetime(2026, 1, day, tzinfo=UTC))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"x"))
    assert chosen(tmp_path, "orders", "latest") == backups(tmp_path, "orders")[-1]
    assert chosen(tmp_path, "orders", "latest").name == "20260103T000000Z.sql.gz"
    with pytest.raises(UsageError, match="there is no backup"):
        chosen(tmp_path, "orders", str(tmp_path / "none"))


def test_backups_are_read_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"SELECT 1")
    (tmp_path / "packed").write_bytes(gzip.compress(b"SELECT 1"))
    (tmp_path / "cut").write_bytes(gzip.compress(b"SELECT 1")[:-4])
    for name in ("plain", "packed"):
        with opened(tmp_path / name) as content:
            assert content.read() == b"SELECT 1"
    with pytest.raises(UsageError, match="is damaged"), opened(tmp_path / "cut") as content:
        content.read()


def test_what_is_seeded(tmp_path: Path) -> None:
    place = replace(PLACE, folder=tmp_path)
    with pytest.raises(UsageError, match="nothing to seed") as refused:
        seed_files(place, None)
    assert "services/orders/seed.sql" in str(refused.value.hint)
    (tmp_path / "seed.sql").write_text("SELECT 1;")
    assert seed_files(place, None) == [tmp_path / "seed.sql"]
    with pytest.raises(UsageError, match="there is no file"):
        seed_files(place, tmp_path / "none.sql")


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "redis"])
def test_a_name_is_an_argument_and_never_part_of_a_script(engine: str) -> None:
    for words in (command(engine, "dump", "a'; x"), shell_command(engine, "a'; x")):  # type: ignore[arg-type]
        assert words[:2] == ["sh", "-c"]
        assert words[-1] == "a'; x"
        assert "a'; x" not in words[2]
