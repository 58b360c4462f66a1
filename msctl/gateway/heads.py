"""Heads of requests on their way to an instance, as bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from msctl.gateway.edits import Edits
from msctl.gateway.wire.fields import HOP_BY_HOP
from msctl.gateway.wire.request import RequestHead
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


class Edge(NamedTuple):
    """What the gateway knows about the client itself; ``trusted`` keeps what the client's proxy said."""

    client: str
    scheme: str
    via: bytes
    trusted: bool


class _Made(NamedTuple):
    """Lines that are the same for every request with these fields, and what else they were made of."""

    edits: Edits
    edge: Edge
    authorization: bytes | None
    host: str
    lines: bytes


def request_head(
    request: RequestHead,
    target: str,
    edge: Edge,
    trace: TraceContext,
    request_id: str,
    edits: Edits,
    host: str,
    authorization: bytes | None = None,
) -> bytes:
    """Everything but the per-attempt fields and the final empty line.

    ``authorization`` replaces what the client said of its identity, empty takes it away; None leaves it.
    """
    made = request.fields.made
    if not (
        isinstance(made, _Made)
        and made.edits is edits
        and made.edge is edge
        and made.authorization == authorization
        and made.host == host
    ):
        lines = _lines_up(request, edge, edits, host, authorization)
        made = request.fields.made = _Made(edits, edge, authorization, host, lines)
    first = f"{request.method} {target} HTTP/1.1\r\n".encode("ascii")
    return b"".join((first, made.lines, _identity_lines(trace, request_id)))


def _lines_up(
    request: RequestHead, edge: Edge, edits: Edits, host: str, authorization: bytes | None
) -> bytes:
    fields = request.fields
    never = _NEVER_UP
    if edits.dropped or request.dropped:
        never = never | request.dropped | edits.dropped
    kept = [
        field
        for field in fields.items
        if not (
            (lower := field[0]) in never
            or lower.startswith(_FORWARDED)
            or (b"_" in lower and _is_alias(lower, never))
        )
    ]
    lines = [f"Host: {host}\r\n".encode("ascii")]
    if authorization is not None:
        kept = [f for f in kept if f[0][0] not in _INITIALS or not _tells_identity(f[0])]
        lines += [b"Authorization: %b\r\n" % authorization] if authorization else []
    lines += [line for _, line, _ in kept]
    is_plain = not edge.trusted and b"via" not in fields.named
    lines.append(_plain_edge(edge, request.minor, request.host) if is_plain else _edge_lines(request, edge))
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


def part_head(
    request: RequestHead,
    host: str,
    target: str,
    edge: Edge,
    identity: tuple[TraceContext, str],
    edits: Edits,
    authorization: bytes | None = None,
) -> bytes:
    """The same for one call of an aggregate, which takes little over from the client's request."""
    dropped = edits.dropped if authorization is None else edits.dropped | {b"authorization"}
    lines = [f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n".encode("ascii")]
    lines += [b"Authorization: %b\r\n" % authorization] if authorization else []
    lines += [line for lower, line, _ in request.fields.items if lower in _FOR_PARTS and lower not in dropped]
    lines += [_edge_lines(request, edge), _identity_lines(*identity), edits.lines]
    return b"".join(lines)


def _tells_identity(lower: bytes) -> bool:
    """Whether a service might take the field for who is asking; only we say that."""
    return lower.replace(b"_", b"-").startswith(_IDENTITY)


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


def _identity_lines(trace: TraceContext, request_id: str) -> bytes:
    trace_id, span_id, flags, _, _ = trace
    ids = f"traceparent: 00-{trace_id}-{span_id}-{flags}\r\nX-Request-Id: {request_id}\r\n"
    lines = ids.encode("ascii")
    return lines if trace.state is None else lines + b"tracestate: %b\r\n" % trace.state.encode("latin-1")
