"""Adding to a manifest by inserting lines, so that not a character of the others changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msctl.scaffold import snippets

_BARE_KEY = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z_]+):\s*(?:#.*)?$")


class Unfit(Exception):
    """The manifest is not written in a way that lines can be added to."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What stands under a key: the index after its last line, and the indentation of its entries."""

    first: int
    end: int
    indent: str


def add_lines(text: str, name: str, entry: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> str:
    """``text`` with a service and its routes; raises ``Unfit`` where blocks are written in brackets."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [line.rstrip("\r") for line in text.rstrip("\r\n").split("\n")]
    services = _find(lines, "services", "")
    _add_service(lines, services, name, entry)
    if routes:
        _add_routes(lines, routes)
    return newline.join(lines) + newline


def _add_service(lines: list[str], key: int, name: str, entry: Mapping[str, Any]) -> None:
    under = _block(lines, key)
    spaced = any(not lines[index].strip() for index in range(under.first, under.end))
    new = [f"{under.indent}{name}:", *snippets.block(entry, under.indent * 2)]
    lines[under.end : under.end] = ["", *new] if spaced else new


def _add_routes(lines: list[str], routes: Sequence[Mapping[str, Any]]) -> None:
    try:
        gateway = _find(lines, "gateway", "")
    except Unfit:
        if any(line.startswith("gateway:") for line in lines):
            raise
        before = _above_comments(lines, _find(lines, "services", ""))
        items = [line for route in routes for line in snippets.item(route, "    ", one_line=False)]
        lines[before:before] = ["gateway:", "  routes:", *items, ""]
        return
    under = _block(lines, gateway)
    try:
        key = _find(lines, "routes", under.indent, under.first, under.end)
    except Unfit:
        if any(line.startswith(f"{under.indent}routes:") for line in lines[under.first : under.end]):
            raise
        items = [line for route in routes for line in snippets.item(route, under.indent * 2, one_line=False)]
        lines[under.end : under.end] = [f"{under.indent}routes:", *items]
        return
    listed = _block(lines, key)
    one_line = any(line.lstrip().startswith("- {") for line in lines[listed.first : listed.end])
    items = [line for route in routes for line in snippets.item(route, listed.indent, one_line=one_line)]
    lines[listed.end : listed.end] = items


def _find(lines: Sequence[str], key: str, indent: str, start: int = 0, end: int | None = None) -> int:
    for index in range(start, len(lines) if end is None else end):
        match = _BARE_KEY.match(lines[index])
        if match and (match["key"], match["indent"]) == (key, indent):
            return index
    raise Unfit(key)


def _block(lines: Sequence[str], key: int) -> _Block:
    outer = _indent(lines[key])
    told = [index for index in range(key + 1, len(lines)) if _says_something(lines[index])]
    first = next(iter(told), len(lines))
    indent = _indent(lines[first]) if told else outer
    listed = bool(told) and lines[first].lstrip().startswith("- ")
    if len(indent) < len(outer) or (indent == outer and not listed):
        return _Block(key + 1, key + 1, f"{outer}  ")
    last = first
    for index in told:
        here = _indent(lines[index])
        sibling = here == indent and (not listed or lines[index].lstrip().startswith("-"))
        if not sibling and len(here) <= len(indent):
            break
        last = index
    return _Block(first, _with_comments(lines, last + 1, indent), indent)


def _with_comments(lines: Sequence[str], end: int, indent: str) -> int:
    """Comments directly below a block that are indented like it belong to it."""
    while (
        end < len(lines) and indent and lines[end].startswith(f"{indent}") and lines[end].strip()[:1] == "#"
    ):
        end += 1
    return end


def _above_comments(lines: Sequence[str], index: int) -> int:
    while index and lines[index - 1].startswith("#"):
        index -= 1
    return index


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]
