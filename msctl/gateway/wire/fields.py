"""Header fields of one message, checked against RFC 9110/9112 with nothing forgiven."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter

MAX_FIELDS = 100
MAX_SHORT = 256
"""Bytes of a message's head that surely holds neither too many fields nor a long one."""

COMMON_LINE = 256
"""Bytes of a line that is likely to come again: most lines of most messages have come before."""

_ALLOWED = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
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
FOR_ONE_PROXY = b"proxy-"
NOTHING: frozenset[bytes] = frozenset()
_USUAL = ((), (b"keep-alive",), (b"close",))
_MESSAGE = frozenset({b"host", b"content-length", b"transfer-encoding"})

_NAME_AND_VALUE = itemgetter(0, 2)
Field = tuple[bytes, bytes, bytes]
"""Lower-case name, line to send (name as written, value without surrounding blanks), that value."""


class WireError(Exception):
    """A message that breaks the protocol; ``status`` is what the client gets told."""

    def __init__(self, what: str, status: int = 400) -> None:
        super().__init__(what)
        self.what = what
        self.status = status


class Fields:
    """Fields in order, and by name; ``named`` has the first value of each name.

    They never change; ``made`` is for whoever makes something of them all, to keep it with them.
    """

    __slots__ = ("_doubled", "items", "made", "named")

    def __init__(self, items: list[Field]) -> None:
        self.items = items
        self.made: object = None
        self.named: dict[bytes, bytes] = dict(map(_NAME_AND_VALUE, items))
        self._doubled: frozenset[bytes] = NOTHING
        if len(self.named) < len(items):
            self._sort_out()

    def _sort_out(self) -> None:
        self.named = {lower: value for lower, _, value in reversed(self.items)}
        names = [lower for lower, _, _ in self.items]
        self._doubled = frozenset(name for name in self.named if names.count(name) > 1)

    def only(self, name: bytes) -> bytes | None:
        """The value of a name that occurs exactly once."""
        return None if name in self._doubled else self.named.get(name)

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a name, in order."""
        if name not in self._doubled:
            value = self.named.get(name)
            return [] if value is None else [value]
        return [value for lower, _, value in self.items if lower == name]

    def words(self, name: bytes) -> tuple[bytes, ...]:
        """The lower-case members of a comma-separated list, over all its lines."""
        if name in self._doubled:
            return tuple(word for value in self.all(name) for word in _words(value))
        value = self.named.get(name, b"")
        return _common_words(value) if len(value) <= COMMON_LINE else _words(value)


def _words(value: bytes) -> tuple[bytes, ...]:
    return tuple(word for part in value.split(b",") if (word := part.strip(b" \t").lower()))


_common_words = lru_cache(maxsize=256)(_words)


def check_line(line: bytes) -> None:
    """Refuse control bytes and bare CR or LF."""
    if line.translate(None, _ALLOWED):
        raise WireError("a control character, bare CR or bare LF in the head")


def parse_fields(lines: Sequence[bytes], size: int = MAX_SHORT + 1) -> Fields:
    """Fields out of header or trailer lines, which have ``size`` bytes together."""
    if size <= MAX_SHORT:
        return Fields([*map(_common, lines)])
    if len(lines) > MAX_FIELDS:
        raise WireError(f"more than {MAX_FIELDS} header fields", 431)
    return Fields([_common(line) if len(line) <= COMMON_LINE else read_field(line) for line in lines])


def read_field(line: bytes) -> Field:
    """The field in a line."""
    check_line(line)
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.match(name):
        raise WireError(_complaint(line))
    return field(name, value.strip(b" \t"))


_common = lru_cache(maxsize=1024)(read_field)


def field(name: bytes, value: bytes) -> Field:
    """A field as it is written out."""
    return name.lower(), b"%b: %b\r\n" % (name, value), value


def hop_names(connection: tuple[bytes, ...]) -> frozenset[bytes]:
    """Names that the words of ``Connection`` make hop-by-hop, beside the ones that always are."""
    return NOTHING if connection in _USUAL else frozenset(connection) - _MESSAGE


def content_length(fields: Fields) -> int | None:
    """The one Content-Length, None without; any doubt about it is an error."""
    if b"content-length" not in fields.named:
        return None
    value = fields.only(b"content-length")
    if value is None or not value.isdigit() or len(value) > len("9223372036854775807") - 1:
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
