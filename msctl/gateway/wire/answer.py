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
BAD_GATEWAY = 502
SWITCHING = 101
FINAL = 200
NO_CONTENT = 204
NOT_MODIFIED = 304
_STATUS = re.compile(rb"HTTP/1\.([0-9]) ([1-5][0-9][0-9])(?: (.*))?\Z", re.DOTALL)


@dataclass(slots=True)
class AnswerHead:
    """``length`` None and not ``chunked`` means that the body ends with the connection.

    ``dropped`` are names that go no further because ``Connection`` has them.
    """

    status: int
    reason: bytes
    minor: int
    fields: Fields
    length: int | None
    chunked: bool
    keep_alive: bool
    dropped: frozenset[bytes] = NOTHING

    @property
    def is_event_stream(self) -> bool:
        """Whether silence is normal in this body."""
        return self.fields.named.get(b"content-type", b"").lower().startswith(b"text/event-stream")


def parse_answer(head: bytes, method: str) -> AnswerHead:
    """Read a head (without its final empty line); WireError carries 502."""
    try:
        return _parse(head, method)
    except WireError as exc:
        raise WireError(exc.what, BAD_GATEWAY) from exc


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
    return AnswerHead(status, reason, minor, fields, length, chunked, keep_alive, hop_names(connection))


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
