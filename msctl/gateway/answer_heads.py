"""Heads of answers on their way to a client, as bytes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from msctl.gateway.edits import Edits
from msctl.gateway.wire.answer import NO_CONTENT, NOT_MODIFIED, AnswerHead
from msctl.gateway.wire.fields import FOR_ONE_PROXY, HOP_BY_HOP, NOTHING, Fields
from msctl.gateway.wire.request import RequestHead

_NEVER_DOWN = HOP_BY_HOP | {b"content-length", b"x-request-id"}
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


class AnswerFrame(NamedTuple):
    """How a body goes to the client: its length, in chunks, or until the connection closes."""

    length: int | None
    chunked: bool
    close: bool


_common_frame = lru_cache(maxsize=256)(AnswerFrame)


def frame_for(answer: AnswerHead, request: RequestHead, close: bool) -> AnswerFrame:
    """The framing of a forwarded answer; HTTP/1.0 clients do not know chunks."""
    if answer.length is not None:
        return _common_frame(answer.length, False, close)
    if request.minor > 0:
        return _common_frame(None, True, close)
    return _common_frame(None, False, True)


class _Made(NamedTuple):
    """The usual head of an answer with these fields but for its date and id, and what else it was made of."""

    edits: Edits
    hidden: frozenset[bytes]
    lines: bytes
    rest: bytes


def answer_head(
    answer: AnswerHead,
    request: RequestHead,
    frame: AnswerFrame,
    request_id: str,
    added: Sequence[tuple[str, str]],
    edits: Edits,
    hidden: frozenset[bytes] = NOTHING,
) -> bytes:
    """The whole head of a forwarded answer; the upstream's fields stay in order, but the ``hidden`` ones."""
    date = b"" if b"date" in answer.fields.named else b"Date: %b\r\n" % http_date()
    name = f"X-Request-Id: {request_id}\r\n".encode("ascii")
    if added or frame.close or request.minor == 0 or request.method == "HEAD":
        lines, rest = _lines_down(answer, added, edits, hidden), _rest(answer, request, frame, added, edits)
        return b"".join((lines, date, name, rest))
    made = answer.fields.made
    if not (isinstance(made, _Made) and made.edits is edits and made.hidden is hidden):
        lines, rest = _lines_down(answer, added, edits, hidden), _rest(answer, request, frame, added, edits)
        made = answer.fields.made = _Made(edits, hidden, lines, rest)
    return b"".join((made.lines, date, name, made.rest))


def _lines_down(
    answer: AnswerHead, added: Sequence[tuple[str, str]], edits: Edits, hidden: frozenset[bytes]
) -> bytes:
    never = _NEVER_DOWN
    if edits.dropped or answer.dropped or hidden:
        never = never | answer.dropped | edits.dropped | hidden
    if added:
        never = never | {name.lower().encode() for name, _ in added if name != "Vary"}
    first = b"HTTP/1.1 %d %b\r\n" % (answer.status, answer.reason)
    return b"".join([first, *_kept(answer.fields, never)])


def _rest(
    answer: AnswerHead,
    request: RequestHead,
    frame: AnswerFrame,
    added: Sequence[tuple[str, str]],
    edits: Edits,
) -> bytes:
    lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in added]
    lines.append(edits.lines)
    lines.append(_body_line(answer, request, frame))
    lines.append(connection_line(request.minor, frame.close))
    return b"".join([*lines, b"\r\n"])


def http_date() -> bytes:
    """The present moment as HTTP writes it."""
    return _date_of(int(time.time()))


@lru_cache(maxsize=1)
def _date_of(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")


def _kept(fields: Fields, never: frozenset[bytes]) -> list[bytes]:
    return [
        line for lower, line, _ in fields.items if not (lower in never or lower.startswith(FOR_ONE_PROXY))
    ]


def _body_line(answer: AnswerHead, request: RequestHead, frame: AnswerFrame) -> bytes:
    if request.method == "HEAD" or answer.status == NOT_MODIFIED:
        announced = answer.fields.named.get(b"content-length")
        return b"" if announced is None else b"Content-Length: %b\r\n" % announced
    if answer.status == NO_CONTENT:
        return b""
    if frame.chunked:
        return b"Transfer-Encoding: chunked\r\n"
    return b"" if frame.length is None else b"Content-Length: %d\r\n" % frame.length


def connection_line(minor: int, close: bool) -> bytes:
    """The ``Connection`` field where it says something that the version does not."""
    if close:
        return b"Connection: close\r\n"
    return b"" if minor > 0 else b"Connection: keep-alive\r\n"


def own_head(
    status: int, headers: Iterable[tuple[str, str]], length: int | None, minor: int, close: bool
) -> bytes:
    """The head of an answer that the gateway itself gives; ``length`` None leaves out Content-Length."""
    lines = [b"HTTP/1.1 %d %b\r\nDate: %b\r\n" % (status, _REASONS.get(status, b""), http_date())]
    lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in headers]
    if length is not None:
        lines.append(b"Content-Length: %d\r\n" % length)
    lines.append(connection_line(minor, close))
    lines.append(b"\r\n")
    return b"".join(lines)


def interim_head(answer: AnswerHead) -> bytes:
    """An interim answer (103 and the like) as it goes on to the client."""
    first = b"HTTP/1.1 %d %b\r\n" % (answer.status, answer.reason)
    return b"".join([first, *_kept(answer.fields, _NEVER_DOWN), b"\r\n"])


def switching_head(fields: Fields, request_id: str, edits: Edits) -> bytes:
    """The 101 that opens a WebSocket."""
    lines = [b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"]
    lines += _kept(fields, _NEVER_DOWN | edits.dropped)
    lines.append(edits.lines)
    lines.append(f"X-Request-Id: {request_id}\r\n\r\n".encode("ascii"))
    return b"".join(lines)
