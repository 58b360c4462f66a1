"""What a manifest's rules see of the disk."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Disk:
    """The manifest's folder; ``seen`` are the paths that were looked at, with the kind of file found."""

    folder: Path
    seen: dict[Path, int | None] = field(default_factory=dict)

    def kind(self, path: Path) -> int | None:
        """The file type bits (``stat.S_IFMT``) of what lies at ``path``, ``None`` if nothing can be seen."""
        self.seen[path] = found = kind(path)
        return found


def kind(path: Path) -> int | None:
    """The file type bits (``stat.S_IFMT``) of what lies at ``path``, ``None`` if nothing can be seen."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None
