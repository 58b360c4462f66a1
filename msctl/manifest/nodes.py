"""The manifest as a tree of values that know their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the top of the file down to one value."""


class Hidden(str):
    """Text that came out of a variable; messages never repeat it."""

    __slots__ = ()


class Broken:
    """Stands for a value that has been reported already; nothing more is said about it."""

    __slots__ = ()


BROKEN = Broken()


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; ``text`` as written, ``value`` as YAML 1.2's core schema reads it."""

    line: int
    column: int
    text: str
    value: object
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping and what it holds."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in the file's order."""

    line: int
    column: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """What ``key`` holds, if it is there."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: line and column from 1; ``path`` is how far it is written, ``node`` its end."""

    line: int
    column: int
    path: Path
    node: Node


def locate(root: Node, path: Path, *, key: bool = False) -> Place:
    """Find the deepest part of ``path`` that is written in the file; ``key`` asks for the key's own place.

    A list may stand where names lead to values (``calls: [inventory]``): a name then means its item.
    """
    node, followed = root, 0
    line, column = root.line, root.column
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        followed += 1
        spot, node = found
        last = followed == len(path)
        line, column = (spot.line, spot.column) if key and last else (node.line, node.column)
    return Place(line, column, path[:followed], node)


def _step(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, Mapping):
        entry = node.entries.get(str(step))
        return (entry.key, entry.value) if entry else None
    if isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            if index == step or (isinstance(item, Scalar) and item.value == step):
                return item, item
    return None


def child(node: Node | None, *keys: str) -> Node | None:
    """Follow ``keys`` through mappings; ``None`` as soon as one is not there."""
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def entries(node: Node | None) -> Iterator[tuple[str, Entry]]:
    """The named entries of a mapping; nothing for anything else."""
    if isinstance(node, Mapping):
        yield from node.entries.items()


def items(node: Node | None) -> list[Node]:
    """The items of a list; nothing for anything else."""
    return node.items if isinstance(node, Sequence) else []


def text(node: Node | None) -> str | None:
    """The value of a text scalar."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def dotted(path: Path) -> str:
    """``gateway.routes[0].path``."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")
