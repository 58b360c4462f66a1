"""Small parsers that build values out of a document's tree and note every mistake with its place."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from msctl.manifest.faults import Fault
from msctl.manifest.findings import Findings
from msctl.manifest.nodes import Mapping as MappingNode
from msctl.manifest.nodes import Node, Path, Scalar, locate
from msctl.manifest.nodes import Sequence as SequenceNode

T = TypeVar("T")


class Broken(Exception):
    """The value has been reported; whoever needs it does without."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A node, its path, and where mistakes are noted."""

    node: Node
    path: Path
    findings: Findings

    def wrong(self, what: str, hint: str | None = None) -> Broken:
        """Note a mistake here; the caller raises what this returns."""
        self.findings.on(self.node, self.path, what, hint)
        return Broken()

    def along(self, path: Path, what: str, hint: str | None = None, key: bool = False) -> None:
        """Note a mistake at the deepest written part of ``path`` below this value."""
        place = locate(self.node, path, key=key)
        self.findings.at(place.line, place.column, (*self.path, *path), what, hint)

    def inside(self, node: Node, step: str | int) -> Spot:
        """A part of this value."""
        return Spot(node, (*self.path, step), self.findings)


Parser = Callable[[Spot], T]


def value(parse: Callable[[object], T]) -> Parser[T]:
    """A scalar that ``parse`` understands, or faults."""

    def read(spot: Spot) -> T:
        if not isinstance(spot.node, Scalar):
            raise spot.wrong("a single value is needed here")
        try:
            return parse(spot.node.value)
        except Fault as fault:
            raise spot.wrong(fault.what, fault.hint) from fault

    return read


def items(parser: Parser[T]) -> Parser[tuple[T, ...]]:
    """A list, or one item standing for a list of one."""

    def read(spot: Spot) -> tuple[T, ...]:
        if not isinstance(spot.node, SequenceNode):
            return (parser(spot),)
        return tuple(_kept(parser, (spot.inside(n, i) for i, n in enumerate(spot.node.items))))

    return read


def named(parser: Parser[T], key: Callable[[object], str] = str) -> Parser[dict[str, T]]:
    """A mapping from free names, which ``key`` understands or faults, to values."""

    def read(spot: Spot) -> dict[str, T]:
        found: dict[str, T] = {}
        for name, part in _entries(spot).items():
            try:
                key(name)
            except Fault as fault:
                spot.along((name,), fault.what, fault.hint, key=True)
            for kept in _kept(parser, [part]):
                found[name] = kept
        return found

    return read


def record(
    make: Callable[..., T], fields: Mapping[str, Parser[Any]], required: Sequence[str] = ()
) -> Parser[T]:
    """A mapping with known keys, passed to ``make`` as keyword arguments."""

    def read(spot: Spot) -> T:
        arguments: dict[str, Any] = {}
        given = _entries(spot)
        for name, part in given.items():
            if name not in fields:
                close = difflib.get_close_matches(name, fields, n=1)
                part.wrong(
                    "unknown key", f"did you mean '{close[0]}'?" if close else f"known: {', '.join(fields)}"
                )
                continue
            for kept in _kept(fields[name], [part]):
                arguments[name] = kept
        missing = [name for name in required if name not in given]
        if missing:
            raise spot.wrong(f"'{missing[0]}' is missing")
        if any(name not in arguments for name in required):
            raise Broken
        try:
            return make(**arguments)
        except Fault as fault:
            raise spot.wrong(fault.what, fault.hint) from fault

    return read


def plain(spot: Spot) -> object:
    """Any value as it stands, as JSON would have it."""
    node = spot.node
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(spot.inside(item, index)) for index, item in enumerate(node.items)]
    return {name: plain(part) for name, part in _entries(spot).items()}


def _entries(spot: Spot) -> dict[str, Spot]:
    if not isinstance(spot.node, MappingNode):
        raise spot.wrong("a mapping is needed here")
    return {name: spot.inside(entry.value, name) for name, entry in spot.node.entries.items()}


def _kept(parser: Parser[T], spots: Any) -> list[T]:
    kept: list[T] = []
    for spot in spots:
        try:
            kept.append(parser(spot))
        except Broken:
            continue
    return kept
