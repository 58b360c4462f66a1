"""Body framing: bytes from the wire in, content out, nothing buffered beyond one incomplete chunk line."""

from __future__ import annotations

import re
from typing import Protocol

from msctl.gateway.wire.fields import WireError, parse_fields

MAX_CHUNK_LINE = 1024
MAX_TRAILER = 16 * 1024
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\Z")
_FORBIDDEN_TRAILERS = frozenset(
    {
        b"transfer-encoding",
        b"content-length",
        b"host",
        b"trailer",
        b"te",
        b"connection",
        b"keep-alive",
        b"upgrade",
        b"authorization",
        b"www-authenticate",
        b"set-cookie",
        b"cookie",
        b"cache-control",
        b"expect",
        b"max-forwards",
        b"content-encoding",
        b"content-type",
        b"content-range",
        b"forwarded",
        b"location",
        b"via",
        b"proxy",
        b"x-real-ip",
        b"x-request-id",
        b"x-timeout-ms",
        b"traceparent",
        b"tracestate",
    }
)
_FORBIDDEN_FAMILIES = (b"x-forwarded-", b"proxy-", b"access-control-")


Trailer = tuple[bytes, bytes, bytes]
"""Lower-case name, name as written, value without surrounding blanks."""


class BodyDecoder(Protocol):
    """Takes bytes in any portions; ``rest`` holds what came after the end once ``done``."""

    done: bool
    rest: bytes
    trailers: list[Trailer]

    def feed(self, data: bytes) -> list[bytes]:
        """Content in these bytes; raises WireError for broken framing."""

    def end(self) -> bool:
        """The connection has ended; returns whether the body is whole."""


class LengthDecoder:
    """A body of a known number of bytes."""

    __slots__ = ("_left", "done", "rest", "trailers")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        self.rest = b""
        self.trailers: list[Trailer] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Content up to the length, the remainder goes to ``rest``."""
        if len(data) >= self._left:
            self.rest += data[self._left :]
            data = data[: self._left]
            self.done = True
        self._left -= len(data)
        return [data] if data else []

    def end(self) -> bool:
        """Whole only when every byte has come."""
        return self.done


class UntilCloseDecoder:
    """A body that ends with its connection."""

    __slots__ = ("done", "rest", "trailers")

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self.trailers: list[Trailer] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Everything is content."""
        return [data] if data else []

    def end(self) -> bool:
        """The end of the connection is the end of the body."""
        self.done = True
        return True


class ChunkedDecoder:
    """The chunked transfer coding with its trailer section."""

    __slots__ = ("_buffer", "_in_trailer", "_left", "_named", "done", "rest", "trailers")

    def __init__(self, named: frozenset[bytes] = frozenset()) -> None:
        self._named = named
        self._buffer = b""
        self._left = 0
        self._in_trailer = False
        self.done = False
        self.rest = b""
        self.trailers: list[Trailer] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Content of the chunks in these bytes."""
        data = self._buffer + data if self._buffer else data
        content: list[bytes] = []
        position = 0
        while not self.done:
            if self._in_trailer:
                moved = self._trailer(data, position)
            elif self._left:
                moved = self._chunk(data, position, content)
            else:
                moved = self._size(data, position)
            if moved == position:
                break
            position = moved
        if self.done:
            self.rest, self._buffer = data[position:], b""
        else:
            self._buffer = data[position:]
        return content

    def end(self) -> bool:
        """Whole only after the last chunk and its trailer section."""
        return self.done

    def _size(self, data: bytes, position: int) -> int:
        end = data.find(b"\r\n", position, position + MAX_CHUNK_LINE + 2)
        if end < 0:
            _check_line(data, position)
            return position
        match = _CHUNK.match(data[position:end])
        if match is None:
            raise WireError("a malformed chunk size")
        size = int(match[1], 16)
        if size == 0:
            self._in_trailer = True
        else:
            self._left = size + 2
        return end + 2

    def _chunk(self, data: bytes, position: int, content: list[bytes]) -> int:
        """``_left`` counts the chunk's content and the CRLF behind it."""
        if self._left > 2:  # noqa: PLR2004
            piece = data[position : position + self._left - 2]
            if piece:
                content.append(piece)
                self._left -= len(piece)
                return position + len(piece)
            return position
        closing = data[position : position + 2]
        if not b"\r\n".startswith(closing):
            raise WireError("a chunk that is longer than its size")
        if len(closing) < 2:  # noqa: PLR2004
            return position
        self._left = 0
        return position + 2

    def _trailer(self, data: bytes, position: int) -> int:
        if data.startswith(b"\r\n", position):
            self.done = True
            return position + 2
        end = data.find(b"\r\n\r\n", position)
        if end < 0:
            if len(data) - position > MAX_TRAILER:
                raise WireError("the trailer section is too large", 431)
            return position
        fields = parse_fields(data[position:end].split(b"\r\n")).items
        self.trailers = [
            (lower, line[: len(lower)], value)
            for lower, line, value in fields
            if _may_trail(lower) and lower not in self._named
        ]
        self.done = True
        return end + 4


def _may_trail(name: bytes) -> bool:
    """What a head may not carry on, or the gateway answers for, must not come in by the back door."""
    plain = name.replace(b"_", b"-")
    return plain not in _FORBIDDEN_TRAILERS and not plain.startswith(_FORBIDDEN_FAMILIES)


def _check_line(data: bytes, position: int) -> None:
    line = data[position : position + MAX_CHUNK_LINE + 2]
    if len(line) > MAX_CHUNK_LINE or b"\n" in line or b"\r" in line[:-1]:
        raise WireError("a malformed chunk size")


def decoder(
    length: int | None, chunked: bool, until_close: bool = False, named: frozenset[bytes] = frozenset()
) -> BodyDecoder:
    """The decoder that a message's framing asks for; trailers ``named`` by ``Connection`` are dropped."""
    if chunked:
        return ChunkedDecoder(named)
    if length is None and until_close:
        return UntilCloseDecoder()
    return LengthDecoder(length or 0)


def chunk(content: bytes) -> bytes:
    """One chunk of content, which must not be empty."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def last_chunk(trailers: list[Trailer]) -> bytes:
    """The end of a chunked body with its trailer section."""
    if not trailers:
        return b"0\r\n\r\n"
    return b"0\r\n%b\r\n" % b"".join(b"%b: %b\r\n" % (name, value) for _, name, value in trailers)
