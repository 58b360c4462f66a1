"""What a database holds is replaced by something whole, or is still there afterwards."""

from __future__ import annotations

import fcntl
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from msctl.errors import Interrupted, UsageError
from msctl.model.project import DatabaseEngine
from msctl.orchestrator.databases import restoring as module
from msctl.orchestrator.databases.backups import REPLACED, UNFINISHED, backup, chosen, usual_path
from msctl.orchestrator.databases.restoring import RestoreFailed, clone, restore_backup
from msctl.orchestrator.databases.transfer import DatabaseCommandFailed
from tests.unit.orchestrator.databases.database import Database, dump_of, engine_with

KINDS: list[DatabaseEngine] = ["postgres", "mariadb", "redis"]
OLD, NEW = "old", "new"


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Database:
    return Database(request.param, dump_of(request.param, OLD))


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "before.gz"


def written(folder: Path, content: bytes, *, packed: bool = True) -> Path:
    path = folder / "backup"
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_a_backup_replaces_everything(database: Database, tmp_path: Path, before: Path, packed: bool) -> None:
    source = written(tmp_path, dump_of(database.kind, NEW), packed=packed)
    restore_backup(database.engine, database.place, source, before)
    assert database.restores == 1
    assert not before.exists()
    assert any(new in database.content for new in (b"new", b"6e6577"))


def test_postgres_commits_by_the_last_words_alone(tmp_path: Path, before: Path) -> None:
    database = Database("postgres", dump_of("postgres", OLD))
    restore_backup(database.engine, database.place, written(tmp_path, dump_of("postgres", NEW)), before)
    assert database.content == dump_of("postgres", NEW) + b"\nCOMMIT;\n"


def damaged(kind: DatabaseEngine) -> Iterator[tuple[bytes, str]]:
    dump = dump_of(kind, NEW * 3000)
    packed = gzip.compress(dump, mtime=0)
    yield packed[:-9], "is damaged"
    yield packed[:20] + b"xxxx" + packed[24:], "is damaged"
    yield b"", "is empty"
    yield gzip.compress(b"", mtime=0), "is empty"
    yield b"\0\1\2" * 99, "is not one of a key" if kind == "redis" else "holds no statements"
    yield b"PGDMP\1", "custom format"
    yield b"REDIS0010", "a snapshot file of Redis"
    if kind != "redis":
        yield dump[:-20], "its end is missing"
    for other in KINDS:
        if other != kind:
            yield dump_of(other, NEW), f"is a dump of {other}"


@pytest.mark.parametrize(
    ("kind", "data", "why"), [(kind, data, why) for kind in KINDS for data, why in damaged(kind)]
)
def test_what_does_not_fit_is_told_before_anything_is_touched(
    tmp_path: Path, before: Path, kind: DatabaseEngine, data: bytes, why: str
) -> None:
    database = Database(kind, dump_of(kind, OLD))
    source = written(tmp_path, data, packed=False)
    with pytest.raises(UsageError, match=f"(?i){why}"):
        restore_backup(database.engine, database.place, source, before)
    assert (database.restores, database.content) == (0, dump_of(kind, OLD))


def test_mariadb_gets_back_what_it_held_when_a_dump_is_refused(tmp_path: Path, before: Path) -> None:
    database = Database("mariadb", dump_of("mariadb", OLD))
    with pytest.raises(RestoreFailed, match="shop-orders-db holds what it did before"):
        restore_backup(database.engine, database.place, written(tmp_path, b"unfit;\n"), before)
    assert database.content == dump_of("mariadb", OLD)
    assert not before.exists()


def test_what_cannot_be_put_back_stays_in_a_file_that_is_named(tmp_path: Path, before: Path) -> None:
    database = Database("mariadb", dump_of("mariadb", OLD), killed_while="restore")
    with pytest.raises(RestoreFailed) as failed:
        restore_backup(database.engine, database.place, written(tmp_path, b"SELECT 1;\n"), before)
    assert f"msctl db restore orders {before}" in str(failed.value.hint)
    assert gzip.decompress(before.read_bytes()) == dump_of("mariadb", OLD)


def test_what_cannot_be_kept_is_not_replaced(tmp_path: Path, before: Path) -> None:
    database = Database("mariadb", dump_of("mariadb", OLD), killed_while="dump")
    with pytest.raises(RestoreFailed, match="nothing was changed"):
        restore_backup(database.engine, database.place, written(tmp_path, b"SELECT 1;\n"), before)
    assert (database.restores, database.content) == (0, dump_of("mariadb", OLD))
    assert list(before.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "told", "kept"),
    [
        ("postgres", "either what it did before or the whole new content", False),
        ("mariadb", "may hold a part only", True),
        ("redis", "either what it did before or the whole new content", False),
    ],
)
def test_ctrl_c_says_what_the_database_holds(
    tmp_path: Path,
    before: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: DatabaseEngine,
    told: str,
    kept: bool,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "restore", interrupted)
    database = Database(kind, dump_of(kind, OLD))
    with pytest.raises(Interrupted, match=told) as found:
        restore_backup(database.engine, database.place, written(tmp_path, dump_of(kind, NEW)), before)
    assert (before.exists(), str(before) in str(found.value.hint)) == (kept, kept)


def test_a_clone_of_a_database_that_dies_meanwhile_changes_nothing(database: Database, before: Path) -> None:
    other = Database(database.kind, dump_of(database.kind, NEW), killed_while="dump", project="other")
    with pytest.raises(DatabaseCommandFailed, match="other-orders-db: the database's tool was ended"):
        clone(engine_with(database, other), other.place, database.place, before)
    assert (database.restores, database.content) == (0, dump_of(database.kind, OLD))


def test_a_clone_holds_what_the_other_does(database: Database, before: Path) -> None:
    other = Database(database.kind, dump_of(database.kind, NEW), project="other")
    clone(engine_with(database, other), other.place, database.place, before)
    assert any(new in database.content for new in (b"new", b"6e6577"))


def test_a_database_that_dies_meanwhile_leaves_no_backup(database: Database, tmp_path: Path) -> None:
    database.killed_while = "dump"
    with pytest.raises(DatabaseCommandFailed, match="ended from outside"):
        backup(database.engine, database.place, tmp_path / "backup.gz")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_backup_left_is_gone_with_the_next(database: Database, tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}dead").write_text("half")
    with (tmp_path / f"{UNFINISHED}alive").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        backup(database.engine, database.place, tmp_path / "backup.gz")
        assert {path.name for path in tmp_path.iterdir()} == {"backup.gz", f"{UNFINISHED}alive"}


def test_a_backup_is_no_folder(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        backup(database.engine, database.place, tmp_path)


def test_the_latest_is_none_that_was_to_be_replaced(database: Database, tmp_path: Path) -> None:
    wanted = usual_path(tmp_path, database.place, datetime(2026, 11, 1, tzinfo=UTC))
    replaced = usual_path(tmp_path, database.place, datetime(2026, 11, 2, tzinfo=UTC), REPLACED)
    for path in (wanted, replaced):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert chosen(tmp_path, "orders", "latest") == wanted
    assert chosen(tmp_path, "orders", str(replaced)) == replaced
