"""Collects problems while a manifest is read, so that one run reports them all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msctl.manifest.nodes import Hidden, Node, Path, Scalar, dotted
from msctl.manifest.rendering import mask
from msctl.model.problem import ManifestProblem

MOST = 200
_QUOTED = re.compile("'.*'", re.DOTALL)


class Enough(Exception):
    """So many problems that looking for more helps nobody."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Problems of one file, shown with its ``lines``; at ``most`` so many, then ``Enough``."""

    file: str
    lines: tuple[str, ...] = ()
    most: int | None = None
    problems: dict[ManifestProblem, None] = field(default_factory=dict)

    def at(self, line: int, column: int, path: Path, what: str, hint: str | None = None) -> None:
        """Add a problem at a line and column, both from 1."""
        source = mask(self.lines[line - 1]) if 0 < line <= len(self.lines) else None
        hint = hint and mask(hint)
        self.problems[ManifestProblem(self.file, line, column, dotted(path), mask(what), hint, source)] = None
        if self.most is not None and len(self.problems) >= self.most:
            raise Enough

    def on(self, node: Node, path: Path, what: str, hint: str | None = None) -> None:
        """Add a problem where ``node`` stands; what came from a variable is not repeated."""
        if isinstance(node, Scalar) and isinstance(node.value, Hidden):
            what, hint = _QUOTED.sub("the value", what), hint and _QUOTED.sub("another", hint)
        self.at(node.line, node.column, path, what, hint)

    def ordered(self) -> tuple[ManifestProblem, ...]:
        """All of them in the file's order."""
        return tuple(sorted(self.problems, key=lambda problem: (problem.line, problem.column)))
