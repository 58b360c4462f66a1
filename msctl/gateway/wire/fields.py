"""Header fields of one message, checked against RFC 9110/9112 with nothing forgiven."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MAX_FIELDS = 100
_ALLOWED = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F), *range(0x80, 0x100)])
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"proxy",
    }
)
_FOR_ONE_PROXY = b"proxy-"
_MESSAGE = frozenset({b"host", b"content-length", b"transfer-encoding"})

Field = tuple[bytes, bytes, bytes]
"""Lower-case name, name as written, value without surrounding blanks."""


class WireError(Exception):
    """A message that breaks the protocol; ``status`` is what the client gets told."""

    def __init__(self, what: str, status: int = 400) -> None:
        super().__init__(what)
        self.what = what
        self.status = status


class Fields:
    """Fields in order, with quick access to the ones that occur once."""

    __slots__ = ("_doubled", "_first", "items")

    def __init__(self, items: Iterable[Field]) -> None:
        self.items: list[Field] = list(items)
        self._first: dict[bytes, bytes] = {}
        self._doubled: set[bytes] = set()
        for lower, _, value in self.items:
            if lower in self._first:
                self._doubled.add(lower)
            else:
                self._first[lower] = value

    def __contains__(self, name: bytes) -> bool:
        return name in self._first

    def first(self, name: bytes) -> bytes | None:
        """The first value of a name."""
        return self._first.get(name)

    def only(self, name: bytes) -> bytes | None:
        """The value of a name that occurs exactly once."""
        return None if name in self._doubled else self._first.get(name)

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a name, in order."""
        if name not in self._doubled:
            value = self._first.get(name)
            return [] if value is None else [value]
        return [value for lower, _, value in self.items if lower == name]

    def words(self, name: bytes) -> list[bytes]:
        """The lower-case members of a comma-separated list, over all its lines."""
        values = self.all(name)
        return [word for v in values for part in v.split(b",") if (word := part.strip(b" \t").lower())]


def split_lines(head: bytes) -> list[bytes]:
    """Lines of a head without its empty last line; refuses control bytes and bare CR or LF."""
    lines = head.split(b"\r\n")
    breaks = len(lines) - 1
    if head.translate(None, _ALLOWED) or head.count(b"\r") != breaks or head.count(b"\n") != breaks:
        raise WireError("a control character, bare CR or bare LF in the head")
    return lines


def parse_fields(lines: Sequence[bytes]) -> Fields:
    """Fields out of header or trailer lines."""
    if len(lines) > MAX_FIELDS:
        raise WireError(f"more than {MAX_FIELDS} header fields", 431)
    items: list[Field] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.match(name):
            raise WireError(_complaint(line))
        items.append((name.lower(), name, value.strip(b" \t")))
    return Fields(items)


def is_hop_by_hop(name: bytes) -> bool:
    """Whether a lower-case name is for the next hop only."""
    return name in HOP_BY_HOP or name.startswith(_FOR_ONE_PROXY)


def connection_names(fields: Fields) -> frozenset[bytes]:
    """Names that a ``Connection`` field makes hop-by-hop, beside the ones that always are."""
    named = fields.words(b"connection") if b"connection" in fields else ()
    return frozenset(named) - _MESSAGE if named else frozenset()


def content_length(fields: Fields) -> int | None:
    """The one Content-Length, None without; any doubt about it is an error."""
    values = fields.all(b"content-length")
    if not values:
        return None
    value = values[0]
    if len(values) > 1 or not value.isdigit() or len(value) > len("9223372036854775807") - 1:
        raise WireError("Content-Length is not one number")
    return int(value)


def is_token(word: bytes) -> bool:
    """Whether a word is an HTTP token."""
    return _TOKEN.match(word) is not None


def _complaint(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "a folded header line"
    name, colon, _ = line.partition(b":")
    if not colon:
        return "a header line without a colon"
    if name.endswith((b" ", b"\t")):
        return "a blank between a header's name and its colon"
    return "a header name that is no token"
