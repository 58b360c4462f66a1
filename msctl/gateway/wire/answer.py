"""The head of an upstream's answer; whatever is wrong with it is a bad gateway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from msctl.gateway.wire.fields import (
    COMMON_LINE,
    NOTHING,
    Fields,
    WireError,
    check_line,
    content_length,
    hop_names,
    parse_fields,
)

MAX_HEAD = 64 * 1024
MOST_REMEMBERED = 2048
"""Bytes of a head that is kept for the next answer on the same connection."""

BAD_GATEWAY = 502
SWITCHING = 101
FINAL = 200
NO_CONTENT = 204
NOT_MODIFIED = 304
_STATUS = re.compile(rb"HTTP/1\.([0-9]) ([1-5][0-9][0-9])(?: (.*))?\Z", re.DOTALL)


@dataclass(slots=True)
class AnswerHead:
    """``length`` None and not ``chunked`` means that the body ends with the connection; it never changes.

    ``dropped`` are names that go no further because ``Connection`` has them; silence is normal in the body of
    an event stream.
    """

    status: int
    reason: bytes
    minor: int
    fields: Fields
    length: int | None
    chunked: bool
    keep_alive: bool
    dropped: frozenset[bytes] = NOTHING
    is_event_stream: bool = False


def parse_answer(head: bytes, method: str) -> AnswerHead:
    """Read a head (without its final empty line); WireError carries 502."""
    try:
        return _parse(head, method)
    except WireError as exc:
        raise WireError(exc.what, BAD_GATEWAY) from exc


class AnswerReader:
    """Reads the heads of one connection; one that equals the head before it is read only once."""

    __slots__ = ("_answer", "_for_head", "_raw")

    def __init__(self) -> None:
        self._raw = b""
        self._for_head = False
        self._answer: AnswerHead | None = None

    def read(self, head: bytes, method: str) -> AnswerHead:
        """The same as ``parse_answer``."""
        for_head = method == "HEAD"
        if self._answer is not None and head == self._raw and for_head is self._for_head:
            return self._answer
        answer = parse_answer(head, method)
        self._raw, self._for_head = head, for_head
        self._answer = answer if len(head) <= MOST_REMEMBERED else None
        return answer


def _parse(head: bytes, method: str) -> AnswerHead:
    lines = head.split(b"\r\n")
    first = lines[0]
    minor, status, reason = _common_status(first) if len(first) <= COMMON_LINE else _status(first)
    fields = parse_fields(lines[1:], len(head))
    length = content_length(fields)
    chunked = b"transfer-encoding" in fields.named and _is_chunked(fields, minor, length)
    if status < FINAL and (chunked or length):
        raise WireError("a body on an interim answer")
    if method == "HEAD" or status in (NO_CONTENT, NOT_MODIFIED) or status < FINAL:
        length, chunked = 0, False
    connection = fields.words(b"connection") if b"connection" in fields.named else ()
    keep_alive = b"close" not in connection and (minor > 0 or b"keep-alive" in connection)
    is_event_stream = fields.named.get(b"content-type", b"").lower().startswith(b"text/event-stream")
    dropped = hop_names(connection)
    return AnswerHead(status, reason, minor, fields, length, chunked, keep_alive, dropped, is_event_stream)


def _status(line: bytes) -> tuple[int, int, bytes]:
    check_line(line)
    match = _STATUS.match(line)
    if match is None:
        raise WireError("a malformed status line")
    return min(int(match[1]), 1), int(match[2]), match[3] or b""


_common_status = lru_cache(maxsize=256)(_status)


def _is_chunked(fields: Fields, minor: int, length: int | None) -> bool:
    if length is not None:
        raise WireError("both Content-Length and Transfer-Encoding")
    if minor == 0 or [v.lower() for v in fields.all(b"transfer-encoding")] != [b"chunked"]:
        raise WireError("a Transfer-Encoding other than 'chunked'")
    return True
