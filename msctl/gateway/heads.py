"""Heads that go out: the request to an instance and the answer to a client, as bytes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from msctl.gateway.wire.answer import NO_CONTENT, NOT_MODIFIED, AnswerHead
from msctl.gateway.wire.fields import HOP_BY_HOP, Fields
from msctl.gateway.wire.request import RequestHead
from msctl.model.project import HeaderEdits
from msctl.telemetry.trace import TraceContext

_OURS = frozenset(
    {
        b"host",
        b"content-length",
        b"expect",
        b"forwarded",
        b"x-real-ip",
        b"via",
        b"traceparent",
        b"tracestate",
        b"x-request-id",
        b"x-timeout-ms",
    }
)
_NEVER_UP = HOP_BY_HOP | _OURS
_NEVER_DOWN = HOP_BY_HOP | {b"content-length", b"x-request-id"}
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_FORWARDED = b"x-forwarded-"


class Edge(NamedTuple):
    """What the gateway knows about the client itself; ``trusted`` keeps what the client's proxy said."""

    client: str
    scheme: str
    via: bytes
    trusted: bool


@dataclass(frozen=True, slots=True)
class Edits:
    """A route's changes to a head: names that are dropped, and lines that are added."""

    dropped: frozenset[bytes]
    lines: bytes


def compile_edits(edits: HeaderEdits) -> Edits:
    """What a document says about headers, ready for use."""
    dropped = frozenset(name.lower().encode() for name in (*edits.remove, *edits.set))
    lines = "".join(f"{name}: {value}\r\n" for name, value in edits.set.items())
    return Edits(dropped, lines.encode("ascii"))


def request_head(
    request: RequestHead,
    target: str,
    edge: Edge,
    trace: TraceContext,
    request_id: str,
    edits: Edits,
    host: str,
) -> bytes:
    """Everything but the per-attempt fields and the final empty line."""
    fields = request.fields
    never = _NEVER_UP
    if edits.dropped or request.dropped:
        never = never | request.dropped | edits.dropped
    lines = [f"{request.method} {target} HTTP/1.1\r\nHost: {host}\r\n".encode("ascii")]
    lines += [
        line
        for lower, line, _ in fields.items
        if not (lower in never or lower.startswith(_FORWARDED) or (b"_" in lower and _is_alias(lower, never)))
    ]
    is_plain = not edge.trusted and b"via" not in fields.named
    lines.append(_plain_edge(edge, request.minor, request.host) if is_plain else _edge_lines(request, edge))
    lines.append(f"traceparent: {trace.traceparent}\r\nX-Request-Id: {request_id}\r\n".encode())
    if trace.state is not None:
        lines.append(b"tracestate: %b\r\n" % trace.state.encode("latin-1"))
    lines.append(edits.lines)
    if request.chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif request.length is not None:
        lines.append(b"Content-Length: %d\r\n" % request.length)
    if request.websocket:
        lines.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    return b"".join(lines)


def _is_alias(lower: bytes, never: frozenset[bytes]) -> bool:
    """Whether a service that takes ``_`` for ``-`` could read a name that clients must not give."""
    name = lower.replace(b"_", b"-")
    return name in never or name.startswith(_FORWARDED)


@lru_cache(maxsize=256)
def _plain_edge(edge: Edge, minor: int, host: str) -> bytes:
    """The edge's lines for a client that came directly."""
    forwarded = _forwarded(edge, host)
    addresses, scheme = edge.client.encode(), edge.scheme.encode()
    return _lines_of(b"1.%d %b" % (minor, edge.via), forwarded, addresses, scheme, host.encode())


def _edge_lines(request: RequestHead, edge: Edge) -> bytes:
    fields = request.fields
    forwarded = _forwarded(edge, request.host)
    addresses, scheme, host = edge.client.encode(), edge.scheme.encode(), request.host.encode()
    via = b", ".join([*fields.all(b"via"), b"1.%d %b" % (request.minor, edge.via)])
    if edge.trusted:
        addresses = b", ".join([*fields.all(b"x-forwarded-for"), addresses])
        forwarded = b", ".join([*fields.all(b"forwarded"), forwarded])
        scheme = fields.only(b"x-forwarded-proto") or scheme
        host = fields.only(b"x-forwarded-host") or host
    return _lines_of(via, forwarded, addresses, scheme, host)


def _forwarded(edge: Edge, host: str) -> bytes:
    client = f'"[{edge.client}]"' if ":" in edge.client else edge.client
    return f'for={client};host="{host}";proto={edge.scheme}'.encode()


def _lines_of(via: bytes, forwarded: bytes, addresses: bytes, scheme: bytes, host: bytes) -> bytes:
    return b"Via: %b\r\nForwarded: %b\r\nX-Forwarded-For: %b\r\n" % (
        via,
        forwarded,
        addresses,
    ) + b"X-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (scheme, host)


class AnswerFrame(NamedTuple):
    """How a body goes to the client: its length, in chunks, or until the connection closes."""

    length: int | None
    chunked: bool
    close: bool


def frame_for(answer: AnswerHead, request: RequestHead, close: bool) -> AnswerFrame:
    """The framing of a forwarded answer; HTTP/1.0 clients do not know chunks."""
    if answer.length is not None:
        return AnswerFrame(answer.length, False, close)
    if request.minor > 0:
        return AnswerFrame(None, True, close)
    return AnswerFrame(None, False, True)


def answer_head(
    answer: AnswerHead,
    request: RequestHead,
    frame: AnswerFrame,
    request_id: str,
    added: Sequence[tuple[str, str]],
    edits: Edits,
) -> bytes:
    """The whole head of a forwarded answer; the upstream's fields stay as they are, in order."""
    fields = answer.fields
    never = _NEVER_DOWN
    if edits.dropped or answer.dropped:
        never = never | answer.dropped | edits.dropped
    if added:
        never = never | {name.lower().encode() for name, _ in added if name != "Vary"}
    lines = [b"HTTP/1.1 %d %b\r\n" % (answer.status, answer.reason)]
    lines += [line for lower, line, _ in fields.items if lower not in never]
    if b"date" not in fields.named:
        lines.append(b"Date: %b\r\n" % http_date())
    lines.append(f"X-Request-Id: {request_id}\r\n".encode("ascii"))
    if added:
        lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in added]
    lines.append(edits.lines)
    lines.append(_body_line(answer, request, frame))
    if frame.close or request.minor == 0:
        lines.append(connection_line(request.minor, frame.close))
    lines.append(b"\r\n")
    return b"".join(lines)


def http_date() -> bytes:
    """The present moment as HTTP writes it."""
    return _date_of(int(time.time()))


@lru_cache(maxsize=1)
def _date_of(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode("ascii")


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
    lines = [b"HTTP/1.1 %d %b\r\n" % (answer.status, answer.reason)]
    lines += [line for lower, line, _ in answer.fields.items if lower not in _NEVER_DOWN]
    return b"".join([*lines, b"\r\n"])


def switching_head(fields: Fields, request_id: str, edits: Edits) -> bytes:
    """The 101 that opens a WebSocket."""
    lines = [b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"]
    lines += [
        line for lower, line, _ in fields.items if lower not in _NEVER_DOWN and lower not in edits.dropped
    ]
    lines.append(edits.lines)
    lines.append(f"X-Request-Id: {request_id}\r\n\r\n".encode("ascii"))
    return b"".join(lines)
