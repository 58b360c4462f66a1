"""YAML text → a tree with places: parser events only, no object construction, no recursion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from msctl.manifest import scalars
from msctl.manifest.findings import Findings
from msctl.manifest.nodes import BROKEN, Entry, Mapping, Node, Path, Scalar, Sequence
from msctl.manifest.syntax import DEEPEST, explain, too_deep

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """The text is not YAML that a manifest may use; the problem has been added to the findings."""


@dataclass(slots=True)
class _Open:
    """A mapping or list that is still being filled; ``key`` waits for its value."""

    node: Mapping | Sequence
    path: Path
    key: Scalar | None = None


@dataclass(slots=True)
class _Composer:
    findings: Findings
    root: Node | None = None
    stack: list[_Open] = field(default_factory=list)

    def path(self) -> Path:
        """Where the next value goes."""
        if not self.stack:
            return ()
        top = self.stack[-1]
        if isinstance(top.node, Sequence):
            return (*top.path, len(top.node.items))
        return (*top.path, top.key.text) if top.key else top.path

    def add(self, node: Node) -> None:
        """Put a finished or just opened value where it belongs."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.key is None:
            top.key = self._key(node)
        else:
            key, top.key = top.key, None
            self._entry(top, key, node)

    def _key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        self.findings.on(node, self.path(), "a key must be a word", "quote a value that begins with { or [")
        raise Unreadable

    def _entry(self, top: _Open, key: Scalar, node: Node) -> None:
        assert isinstance(top.node, Mapping)  # noqa: S101
        first = top.node.entries.get(key.text)
        if key.text == "<<":
            hint = "write the keys out where they are needed"
            self.findings.on(key, (*top.path, "<<"), "merge keys are not part of YAML 1.2", hint)
        elif first is not None:
            what = f"duplicate key, first given in line {first.key.line}"
            self.findings.on(key, (*top.path, key.text), what, "remove one of the two")
        else:
            top.node.entries[key.text] = Entry(key, node)

    def open(self, node: Mapping | Sequence) -> None:
        """Begin a mapping or list."""
        path = self.path()
        if len(self.stack) >= DEEPEST:
            self.findings.on(node, (), *too_deep())
            raise Unreadable
        self.add(node)
        self.stack.append(_Open(node, path))


def compose(text: str, findings: Findings, to_begin: str = "a manifest begins with 'project: NAME'") -> Node:
    """Read one YAML document; syntax errors, and whatever a manifest may not use, go to ``findings``.

    ``to_begin`` is the remedy for a text that says nothing.
    """
    composer = _Composer(findings)
    try:
        for event in _events(text):
            _take(composer, event)
    except yaml.YAMLError as exc:
        explain(exc, findings)
        raise Unreadable from exc
    if composer.root is None:
        findings.at(1, 1, (), "the file is empty", to_begin)
        raise Unreadable
    return composer.root


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=_LOADER)


def _take(composer: _Composer, event: yaml.Event) -> None:
    mark = event.start_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if isinstance(event, yaml.ScalarEvent):
        _refuse_extras(composer, event, line, column)
        quoted = event.style not in {None, ""}
        value = event.value if quoted else scalars.resolve(event.value)
        composer.add(Scalar(line, column, event.value, value, quoted))
    elif isinstance(event, yaml.MappingStartEvent):
        _refuse_extras(composer, event, line, column)
        composer.open(Mapping(line, column))
    elif isinstance(event, yaml.SequenceStartEvent):
        _refuse_extras(composer, event, line, column)
        composer.open(Sequence(line, column))
    elif isinstance(event, yaml.CollectionEndEvent):
        composer.stack.pop()
    elif isinstance(event, yaml.AliasEvent):
        hint = "write the value out, or quote it if it begins with *"
        composer.findings.at(line, column, composer.path(), "aliases are not allowed", hint)
        composer.add(Scalar(line, column, "", BROKEN))
    elif isinstance(event, yaml.DocumentStartEvent) and composer.root is not None:
        composer.findings.at(line, column, (), "a second document begins here", "a manifest is one document")
        raise Unreadable


def _refuse_extras(composer: _Composer, event: yaml.NodeEvent, line: int, column: int) -> None:
    if event.anchor is not None:
        hint = "write the value out, or quote it if it begins with &"
        composer.findings.at(line, column, composer.path(), "anchors are not allowed", hint)
    if getattr(event, "tag", None) is not None:
        hint = "remove it, or quote a value that begins with !"
        composer.findings.at(line, column, composer.path(), "tags are not allowed", hint)
