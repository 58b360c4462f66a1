"""Heads that go out: the request to an instance and the answer to a client, as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from msctl.gateway.wire.answer import NO_CONTENT, NOT_MODIFIED, AnswerHead
from msctl.gateway.wire.fields import HOP_BY_HOP, Field, Fields, connection_names, is_hop_by_hop
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
_FOR_PARTS = frozenset({b"authorization", b"accept-language"})
_NEVER_DOWN = HOP_BY_HOP | {b"content-length", b"x-request-id"}
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_FORWARDED = (b"x-forwarded-", b"proxy-")
_IDENTITY = (
    b"authorization",
    b"remote-user",
    b"x-actor",
    b"x-auth",
    b"x-client-",
    b"x-consumer",
    b"x-identity",
    b"x-jwt",
    b"x-remote-user",
    b"x-role",
    b"x-scope",
    b"x-subject",
    b"x-tenant",
    b"x-user",
)
_INITIALS = frozenset(name[0] for name in _IDENTITY)


@dataclass(frozen=True, slots=True)
class Edge:
    """What the gateway knows about the client itself; ``trusted`` keeps what the client's proxy said."""

    client: str
    scheme: str
    via: bytes
    trusted: bool


def request_head(
    request: RequestHead,
    target: str,
    edge: Edge,
    trace: TraceContext,
    request_id: bytes,
    edits: HeaderEdits,
    host: str,
    authorization: bytes | None = None,
) -> bytes:
    """Everything but the per-attempt fields and the final empty line.

    ``authorization`` replaces what the client said of its identity, empty takes it away; None leaves it.
    """
    fields = request.fields
    dropped = connection_names(fields) | _edited_names(edits)
    lines = [f"{request.method} {target} HTTP/1.1\r\nHost: {host}\r\n".encode("ascii")]
    kept = [field for field in fields.items if not _is_dropped(field[0], dropped)]
    if authorization is not None:
        kept = [f for f in kept if f[0][0] not in _INITIALS or not _tells_identity(f[0])]
        lines += [b"Authorization: %b\r\n" % authorization] if authorization else []
    lines += [b"%b: %b\r\n" % (name, value) for _, name, value in kept]
    lines.append(_edge_lines(request, edge))
    lines.append(_identity_lines(trace, request_id))
    lines += [f"{name}: {value}\r\n".encode("ascii") for name, value in edits.set.items()]
    if request.chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    elif request.length is not None:
        lines.append(b"Content-Length: %d\r\n" % request.length)
    if request.websocket:
        lines.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    return b"".join(lines)


def _is_dropped(lower: bytes, dropped: frozenset[bytes]) -> bool:
    if b"_" in lower:
        lower = lower.replace(b"_", b"-")
    return lower in _NEVER_UP or lower.startswith(_FORWARDED) or lower in dropped


def part_head(
    request: RequestHead,
    host: str,
    target: str,
    edge: Edge,
    identity: tuple[TraceContext, bytes],
    edits: HeaderEdits,
    authorization: bytes | None = None,
) -> bytes:
    """The same for one call of an aggregate, which takes little over from the client's request."""
    dropped = _edited_names(edits)
    if authorization is not None:
        dropped |= {b"authorization"}
    passed = [f for f in request.fields.items if f[0] in _FOR_PARTS and f[0] not in dropped]
    lines = [f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n".encode("ascii")]
    lines += [b"Authorization: %b\r\n" % authorization] if authorization else []
    lines += [b"%b: %b\r\n" % (name, value) for _, name, value in passed]
    lines += [_edge_lines(request, edge), _identity_lines(*identity)]
    lines += [f"{name}: {value}\r\n".encode("ascii") for name, value in edits.set.items()]
    return b"".join(lines)


def _edited_names(edits: HeaderEdits) -> frozenset[bytes]:
    return frozenset(name.lower().encode() for name in (*edits.remove, *edits.set))


def edited(headers: Iterable[tuple[str, str]], edits: HeaderEdits) -> list[tuple[str, str]]:
    """Headers of the gateway's own answer after a route's edits."""
    dropped = _edited_names(edits)
    return [*(h for h in headers if h[0].lower().encode() not in dropped), *edits.set.items()]


def _tells_identity(lower: bytes) -> bool:
    """Whether a service might take the field for who is asking; only we say that."""
    return lower.replace(b"_", b"-").startswith(_IDENTITY)


def _edge_lines(request: RequestHead, edge: Edge) -> bytes:
    fields = request.fields
    client = f'"[{edge.client}]"' if ":" in edge.client else edge.client
    forwarded = f'for={client};host="{request.host}";proto={edge.scheme}'.encode()
    addresses, scheme, host = edge.client.encode(), edge.scheme.encode(), request.host.encode()
    via = b"%b %b" % (b"1.%d" % request.minor, edge.via)
    if b"via" in fields:
        via = b", ".join([*fields.all(b"via"), via])
    if edge.trusted:
        addresses = b", ".join([*fields.all(b"x-forwarded-for"), addresses])
        forwarded = b", ".join([*fields.all(b"forwarded"), forwarded])
        scheme = fields.only(b"x-forwarded-proto") or scheme
        host = fields.only(b"x-forwarded-host") or host
    return b"Via: %b\r\nForwarded: %b\r\nX-Forwarded-For: %b\r\n" % (
        via,
        forwarded,
        addresses,
    ) + b"X-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (scheme, host)


def _identity_lines(trace: TraceContext, request_id: bytes) -> bytes:
    lines = b"traceparent: %b\r\nX-Request-Id: %b\r\n" % (trace.traceparent.encode(), request_id)
    return lines if trace.state is None else lines + b"tracestate: %b\r\n" % trace.state.encode("latin-1")


@dataclass(frozen=True, slots=True)
class AnswerFrame:
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
    added: Iterable[tuple[str, str]],
    edits: HeaderEdits,
    date: bytes,
    hidden: frozenset[bytes] = frozenset(),
) -> bytes:
    """The whole head of a forwarded answer; the upstream's fields stay in order, but the ``hidden`` ones."""
    fields = answer.fields
    extra = [*added, *edits.set.items()]
    dropped = hidden | connection_names(fields) | {name.lower().encode() for name in edits.remove}
    dropped |= {name.lower().encode() for name, _ in extra if name != "Vary"}
    lines = [b"HTTP/1.1 %d %b\r\n" % (answer.status, answer.reason)]
    lines += [
        b"%b: %b\r\n" % (n, v)
        for low, n, v in fields.items
        if low not in _NEVER_DOWN and low not in dropped and not is_hop_by_hop(low)
    ]
    if b"date" not in fields:
        lines.append(b"Date: %b\r\n" % date)
    lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in extra]
    lines.append(_body_line(answer, request, frame))
    lines.append(connection_line(request.minor, frame.close))
    lines.append(b"\r\n")
    return b"".join(lines)


def _body_line(answer: AnswerHead, request: RequestHead, frame: AnswerFrame) -> bytes:
    if request.method == "HEAD" or answer.status == NOT_MODIFIED:
        announced = answer.fields.first(b"content-length")
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
    status: int, headers: Iterable[tuple[str, str]], length: int | None, minor: int, close: bool, date: bytes
) -> bytes:
    """The head of an answer that the gateway itself gives; ``length`` None leaves out Content-Length."""
    lines = [b"HTTP/1.1 %d %b\r\nDate: %b\r\n" % (status, _REASONS.get(status, b""), date)]
    lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in headers]
    if length is not None:
        lines.append(b"Content-Length: %d\r\n" % length)
    lines.append(connection_line(minor, close))
    lines.append(b"\r\n")
    return b"".join(lines)


def interim_head(answer: AnswerHead) -> bytes:
    """An interim answer (103 and the like) as it goes on to the client."""
    lines = [b"HTTP/1.1 %d %b\r\n" % (answer.status, answer.reason)]
    lines += [
        b"%b: %b\r\n" % (n, v)
        for low, n, v in answer.fields.items
        if low not in _NEVER_DOWN and not is_hop_by_hop(low)
    ]
    return b"".join([*lines, b"\r\n"])


def switching_head(fields: Fields, request_id: str, edits: HeaderEdits) -> bytes:
    """The 101 that opens a WebSocket."""
    removed = {name.lower().encode() for name in edits.remove}
    kept: list[Field] = [
        f for f in fields.items if f[0] not in _NEVER_DOWN and f[0] not in removed and not is_hop_by_hop(f[0])
    ]
    lines = [b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"]
    lines += [b"%b: %b\r\n" % (name, value) for _, name, value in kept]
    lines.append(f"X-Request-Id: {request_id}\r\n\r\n".encode("ascii"))
    return b"".join(lines)
