"""A route's own changes to heads, made ready once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msctl.model.project import HeaderEdits

_ADDED_TO = b"vary"
"""A name whose lines say one thing more each: what an answer brings of it stays."""


@dataclass(frozen=True, slots=True)
class Edits:
    """Names that are dropped from a head, and lines that are added to it."""

    dropped: frozenset[bytes]
    lines: bytes


def compile_edits(edits: HeaderEdits) -> Edits:
    """What a document says about headers, ready for use."""
    replaced = frozenset(name.lower().encode() for name in edits.set) - {_ADDED_TO}
    removed = frozenset(name.lower().encode() for name in edits.remove)
    lines = "".join(f"{name}: {value}\r\n" for name, value in edits.set.items())
    return Edits(replaced | removed, lines.encode("ascii"))


def edited(headers: Iterable[tuple[str, str]], edits: HeaderEdits) -> list[tuple[str, str]]:
    """Headers of the gateway's own answer after a route's edits."""
    dropped = {name.lower() for name in (*edits.remove, *edits.set)}
    return [*(h for h in headers if h[0].lower() not in dropped), *edits.set.items()]
