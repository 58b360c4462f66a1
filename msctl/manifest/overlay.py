"""A second file laid over the first, for one environment: ``msctl.prod.yaml`` over ``msctl.yaml``.

Mappings are joined key by key; lists and single values are replaced. Both files are checked as one text, the
second one's lines counted on behind the first one's; problems are told in the file they are in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from msctl.errors import ManifestInvalid
from msctl.manifest.nodes import Entry, Mapping, Node, Scalar, Sequence
from msctl.manifest.similar import closest
from msctl.model.problem import ManifestProblem

_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_LINE = re.compile(r"\bline (\d+)")


@dataclass(frozen=True, slots=True)
class Overlay:
    """Where the second file begins: its name, and how many lines stand before it."""

    name: str
    after: int

    def own(self, problem: ManifestProblem) -> ManifestProblem:
        """``problem`` with the file and line that it is really in."""
        if problem.line <= self.after:
            return problem
        line, what = problem.line - self.after, _LINE.sub(self._line, problem.what)
        return replace(problem, file=self.name, line=line, what=what)

    def _line(self, match: re.Match[str]) -> str:
        number = int(match[1])
        return f"line {number - self.after if number > self.after else number}"


def overlay_path(manifest: Path, name: str) -> Path:
    """The file that lies over ``manifest`` in the environment ``name``; ``ManifestInvalid`` without one."""
    known = environments(manifest)
    if name in known:
        return manifest.with_name(_file_name(manifest, name))
    near = closest(name, known)
    if near or known:
        hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(known)}"
    else:
        hint = f"write {_file_name(manifest, 'NAME')} with the keys that differ"
    raise ManifestInvalid(f"there is no environment '{name}' beside {manifest.name}", hint=hint)


def environments(manifest: Path) -> tuple[str, ...]:
    """Names of the overlays beside ``manifest``."""
    found = manifest.parent.glob(f"{manifest.stem}.*{manifest.suffix}")
    names = (path.name.removeprefix(f"{manifest.stem}.").removesuffix(manifest.suffix) for path in found)
    return tuple(sorted(name for name in names if _NAME.match(name)))


def _file_name(manifest: Path, name: str) -> str:
    return f"{manifest.stem}.{name}{manifest.suffix}"


def overlaid(base: Node, over: Node) -> Node:
    """``base`` where ``over`` says nothing."""
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        mine = entries.get(key)
        entries[key] = Entry(entry.key, overlaid(mine.value, entry.value)) if mine else entry
    return Mapping(base.line, base.column, entries)


def moved(node: Node, lines: int) -> Node:
    """The same tree, standing ``lines`` further down."""
    if isinstance(node, Scalar):
        return replace(node, line=node.line + lines)
    if isinstance(node, Sequence):
        return Sequence(node.line + lines, node.column, [moved(item, lines) for item in node.items])
    return Mapping(
        node.line + lines,
        node.column,
        {key: Entry(_moved_key(e.key, lines), moved(e.value, lines)) for key, e in node.entries.items()},
    )


def in_their_files(
    problems: Iterable[ManifestProblem], overlay: Overlay | None
) -> tuple[ManifestProblem, ...]:
    """Problems of both files, each in its own."""
    return tuple(problems) if overlay is None else tuple(overlay.own(problem) for problem in problems)


def _moved_key(key: Scalar, lines: int) -> Scalar:
    return replace(key, line=key.line + lines)
