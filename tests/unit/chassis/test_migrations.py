"""Which migrations are applied, and in which order."""

from __future__ import annotations

from pathlib import Path

from msctl.chassis.migrations import Migration, pending, read_migrations


def test_files_are_read_in_name_order_and_others_left_out(tmp_path: Path) -> None:
    for name in ("010_b.sql", "002_a.sql", "notes.txt"):
        (tmp_path / name).write_text(name)
    assert read_migrations(tmp_path) == (
        Migration("002_a.sql", "002_a.sql"),
        Migration("010_b.sql", "010_b.sql"),
    )


def test_no_folder_means_no_migrations(tmp_path: Path) -> None:
    assert read_migrations(tmp_path / "gone") == ()


def test_applied_ones_are_left_out() -> None:
    known = [Migration("1", ""), Migration("2", ""), Migration("3", "")]
    assert [migration.name for migration in pending(known, {"1", "3", "older"})] == ["2"]
