"""Migrations from outside: which are applied, and applying those that are not, the way the chassis does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msctl.engine.port import Engine
from msctl.errors import UsageError
from msctl.orchestrator.databases.place import Place
from msctl.orchestrator.databases.transfer import ask, feed

FOLDER = "migrations"
_FIRST = {
    "postgres": """SELECT pg_advisory_lock(7165026);
CREATE TABLE IF NOT EXISTS msctl_migrations (
    name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
""",
    "mariadb": """SELECT GET_LOCK(CONCAT(DATABASE(), '.migrations'), 60);
CREATE TABLE IF NOT EXISTS msctl_migrations (
    name VARCHAR(200) PRIMARY KEY, applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
""",
}
"""The chassis' own lock and table, so that a starting instance and this command wait for each other."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """Names of files, in order."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


def migrations(engine: Engine, place: Place) -> Migrations:
    """What the database's tracking table and the service's folder say."""
    if place.engine == "redis":
        return Migrations((), ())
    applied = tuple(ask(engine, place.engine, place, "migrations").split())
    there = [path.name for path in _files(place)]
    return Migrations(applied, tuple(name for name in there if name not in applied))


def migrate(engine: Engine, place: Place) -> tuple[str, ...]:
    """Apply what is pending, in order; each file with its note, on PostgreSQL in one transaction."""
    if place.engine == "redis":
        raise UsageError("Redis has no migrations", "nothing is to be done: its data has no schema")
    waiting = migrations(engine, place).pending
    texts = {path.name: path.read_text(encoding="utf-8") for path in _files(place)}
    if waiting:
        script = _FIRST[place.engine] + "".join(_step(place, name, texts[name]) for name in waiting)
        feed(engine, place, "run", [script.encode()])
    return waiting


def _step(place: Place, name: str, sql: str) -> str:
    quoted = name.replace("'", "''")
    note = f"INSERT INTO msctl_migrations (name) VALUES ('{quoted}');\n"
    step = f"{sql.rstrip().rstrip(';')};\n{note}"
    return f"BEGIN;\n{step}COMMIT;\n" if place.engine == "postgres" else step


def has_migrations(place: Place) -> bool:
    """Whether the service's folder has any for its database."""
    return place.engine != "redis" and bool(_files(place))


def _files(place: Place) -> Sequence[Path]:
    folder = place.folder / FOLDER if place.folder is not None else None
    return sorted(folder.glob("*.sql")) if folder is not None and folder.is_dir() else ()


def seed_files(place: Place, named: Path | None) -> list[Path]:
    """The files that fill a database with examples: the one named, else ``seed.sql`` or ``seed.redis``."""
    suffix = "redis" if place.engine == "redis" else "sql"
    if named is not None:
        if not named.is_file():
            raise UsageError(f"there is no file {named}", "name a file of statements")
        return [named]
    usual = place.folder / f"seed.{suffix}" if place.folder is not None else None
    if usual is None or not usual.is_file():
        where = f"services/{place.service}/seed.{suffix}"
        raise UsageError(f"there is nothing to seed '{place.service}' with", f"write {where}, or name a file")
    return [usual]


def run_files(engine: Engine, place: Place, files: Sequence[Path]) -> str:
    """Run statements from files, one after the other; what they wrote."""
    return "".join(
        feed(engine, place, "run", [path.read_bytes(), b"\n"]).decode("utf-8", "replace") for path in files
    )
