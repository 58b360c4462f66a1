"""SQL migrations: files applied once, in the order of their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

TABLE = "msctl_migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: ``name`` is what the tracking table remembers."""

    name: str
    sql: str


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The ``*.sql`` files of ``folder`` in name order; none when there is no such folder."""
    return tuple(
        Migration(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))
    )


def pending(migrations: Sequence[Migration], applied: Collection[str]) -> tuple[Migration, ...]:
    """Those of ``migrations`` that were not applied yet, in order."""
    return tuple(migration for migration in migrations if migration.name not in applied)
