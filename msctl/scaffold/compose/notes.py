"""What becomes of a Compose file: entries of a manifest, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from msctl.scaffold.compose.values import Unfit


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not carried over as it was, and why."""

    path: str
    what: str


@dataclass(slots=True)
class Imported:
    """Entries of a manifest, in its order, and the notes."""

    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    routes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    name: str | None = None

    def note(self, path: str, what: str) -> None:
        """Keep a note."""
        self.notes.append(Note(path, what))


@contextmanager
def noting(found: Imported, path: str) -> Iterator[None]:
    """Note what the manifest has no words for, and go on."""
    try:
        yield
    except Unfit as exc:
        found.note(path, f"not carried over: {exc}")
