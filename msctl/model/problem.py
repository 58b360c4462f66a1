"""One finding in a manifest, with its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ManifestProblem:
    """``line`` and ``column`` count from 1; ``path`` is dotted as in ``services.orders.port``, or empty."""

    file: str
    line: int
    column: int
    path: str
    what: str
    hint: str | None = None
    source: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: "
        subject = f"{self.path}: " if self.path else ""
        hint = f", {self.hint}" if self.hint else ""
        return f"{place}{subject}{self.what}{hint}"
