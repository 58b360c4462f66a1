"""What every rule sees: the tree, leniently read, and where to put findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msctl.manifest import similar
from msctl.manifest.findings import Findings
from msctl.manifest.nodes import (
    BROKEN,
    Entry,
    Mapping,
    Node,
    Path,
    Scalar,
    Sequence,
    child,
    entries,
    items,
    text,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mention:
    """A name somewhere in the tree, with its place and what it leads to, if anything."""

    name: str
    node: Node
    path: Path
    value: Node | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One manifest under examination; rules skip what has a wrong type, since validation reports it."""

    root: Node
    findings: Findings
    warnings: Findings
    names: tuple[str, ...]
    """Every declared service."""

    def services(self) -> Iterator[tuple[str, Entry, Path]]:
        """Entries under ``services``."""
        for name, entry in entries(child(self.root, "services")):
            yield name, entry, ("services", name)

    def routes(self) -> Iterator[tuple[Mapping, Path]]:
        """Entries under ``gateway.routes``."""
        for index, node in enumerate(items(child(self.root, "gateway", "routes"))):
            if isinstance(node, Mapping):
                yield node, ("gateway", "routes", index)

    def require_service(self, mention: Mention) -> bool:
        """Report a service that is not declared."""
        names = self.names
        if mention.name in names or not isinstance(child(self.root, "services"), Mapping):
            return mention.name in names
        hint = similar.known(mention.name, names, "there are: " + (", ".join(names) or "none"))
        self.findings.on(mention.node, mention.path, f"there is no service '{mention.name}'", hint)
        return False

    def exactly_one(self, node: Mapping, at: tuple[Node, Path], keys: tuple[str, ...], hint: str) -> None:
        """Report when none or several of ``keys`` are given; a misspelt one has been reported already."""
        given = [key for key in keys if is_given(node.get(key))]
        if len(given) > 1:
            second = node.entries[given[1]].key
            what = f"'{given[0]}' and '{given[1]}' exclude each other"
            self.findings.on(second, (*at[1], given[1]), what, "keep one of them")
        elif not given and not any(similar.closest(key, keys) for key in node.entries):
            listed = ", ".join(f"'{key}'" for key in keys[:-1]) + f" or '{keys[-1]}'"
            self.findings.on(*at, f"needs {listed}", hint)

    def no_repeats(self, mentions: Iterable[Mention]) -> None:
        """Report what a list names twice."""
        seen: set[str] = set()
        for mention in mentions:
            if mention.name in seen:
                self.findings.on(
                    mention.node, mention.path, f"'{mention.name}' is listed twice", "remove one"
                )
            seen.add(mention.name)


def is_given(node: Node | None) -> bool:
    """Whether a key holds anything."""
    return node is not None and not (isinstance(node, Scalar) and node.value is None)


def is_broken(node: Node | None) -> bool:
    """Whether a value has been reported already."""
    return isinstance(node, Scalar) and node.value is BROKEN


def mentions(node: Node | None, path: Path) -> list[Mention]:
    """Names in ``one``, ``[one, two]`` or ``{one: …, two: …}``."""
    if isinstance(node, Mapping):
        return [Mention(name, entry.key, (*path, name), entry.value) for name, entry in node.entries.items()]
    if isinstance(node, Sequence):
        found = [(text(item), item, (*path, index)) for index, item in enumerate(node.items)]
        return [Mention(name, item, place) for name, item, place in found if name is not None]
    single = text(node)
    return [Mention(single, node, path)] if single is not None and node is not None else []
