"""The head of a client's request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address

from msctl.gateway.wire.fields import (
    NOTHING,
    Fields,
    WireError,
    check_line,
    content_length,
    hop_names,
    is_token,
    parse_fields,
)

MAX_HEAD = 32 * 1024
MAX_TARGET = 8 * 1024
MAX_METHOD = 32
MOST_REMEMBERED = 2048
"""Bytes of a head that is kept for the next request of the same connection."""

HIGHEST_PORT = 65535
LONGEST_HOST = len("[]:65535") + 253
_USUAL_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])\Z")
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9\-._~]{1,253})(:[0-9]{0,5})?\Z")
_TARGET = re.compile(rb"[\x21\x22\x24-\x7e]+\Z")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)\Z", re.IGNORECASE)
_BARE = re.compile(rb"\r[^\n]|(?<!\r)\n")


@dataclass(slots=True)
class RequestHead:
    """``target`` is path and query as they came; ``length`` is None without one, and with ``chunked``.

    ``host`` is the authority as sent; ``websocket`` tells a well-formed upgrade to WebSocket. ``dropped`` are
    names that go no further because ``Connection`` has them. It never changes; ``made`` is for whoever makes
    something of it, to keep it with the head.
    """

    method: str
    target: str
    path: str
    query: str
    minor: int
    fields: Fields
    host: str
    length: int | None
    chunked: bool
    keep_alive: bool
    expects_continue: bool
    websocket: bool
    dropped: frozenset[bytes] = NOTHING
    made: object = None

    @property
    def has_body(self) -> bool:
        """Whether body bytes follow the head."""
        return self.chunked or bool(self.length)

    def header(self, name: str) -> str | None:
        """The value of the only field of this lower-case name."""
        value = self.fields.only(name.encode("ascii"))
        return None if value is None else value.decode("latin-1")


def check_partial(data: bytes, checked: int = 0) -> None:
    """Refuse an unfinished head once it cannot become valid; ``checked`` bytes have been looked at."""
    if _BARE.search(data, max(0, checked - 1)):
        raise WireError("a bare CR or LF in the head")
    line, end, _ = data.partition(b"\r\n")
    if not end and not is_token(line.partition(b" ")[0][:1] or b"x"):
        raise WireError("not an HTTP request")
    if not end and len(line) > MAX_TARGET + MAX_METHOD + len(b"  HTTP/1.1"):
        raise WireError("the request target is too long", 414)
    if len(data) > MAX_HEAD:
        raise WireError("the request head is too large", 431)


def parse_request(head: bytes) -> RequestHead:
    """Read a head (without its final empty line); raises WireError with the status to answer."""
    if len(head) > MAX_HEAD and len(head.partition(b"\r\n")[0]) <= MAX_TARGET:
        raise WireError("the request head is too large", 431)
    lines = head.split(b"\r\n")
    method, target, minor = _request_line(lines[0])
    fields = parse_fields(lines[1:], len(head))
    named = fields.named
    host = _host(fields, minor)
    if target[0] != "/":
        target, host = _origin_form(method, target, host)
    path, mark, query = target.partition("?")
    length, chunked = _framing(fields, minor)
    connection = fields.words(b"connection") if b"connection" in named else ()
    websocket = b"upgrade" in named and _is_websocket(method, minor, fields, connection)
    if websocket and (chunked or length):
        raise WireError("a body on an upgrade to WebSocket")
    keep_alive = b"close" not in connection and (minor > 0 or b"keep-alive" in connection)
    expects_continue = b"expect" in named and _expects_continue(fields, minor)
    return RequestHead(
        method,
        target,
        path,
        mark + query,
        minor,
        fields,
        host,
        length,
        chunked,
        keep_alive,
        expects_continue,
        websocket,
        hop_names(connection) if connection else NOTHING,
    )


class RequestReader:
    """Reads the heads of one connection; what equals the head before is read only once."""

    __slots__ = ("_block_at", "_last", "_raw")

    def __init__(self) -> None:
        self._raw = b""
        self._block_at = 0
        self._last: RequestHead | None = None

    def read(self, head: bytes) -> RequestHead:
        """The same as ``parse_request``; the very same object for the very same head."""
        last = self._last
        if last is not None and head == self._raw:
            return last
        line, _, block = head.partition(b"\r\n")
        found: RequestHead | None = None
        if last is not None and block == self._raw[self._block_at :]:
            method, target, minor = _request_line(line)
            if method == last.method and minor == last.minor and target[0] == "/":
                found = _again(last, target)
        if found is None:
            found = parse_request(head)
        if len(head) <= MOST_REMEMBERED and line.partition(b" ")[2].startswith(b"/"):
            self._raw, self._block_at, self._last = head, len(head) - len(block), found
        else:
            self.forget()
        return found

    def forget(self) -> None:
        """Keep nothing for a connection that is idle."""
        self._raw, self._last = b"", None


def _again(last: RequestHead, target: str) -> RequestHead:
    path, mark, query = target.partition("?")
    return RequestHead(
        last.method,
        target,
        path,
        mark + query,
        last.minor,
        last.fields,
        last.host,
        last.length,
        last.chunked,
        last.keep_alive,
        last.expects_continue,
        last.websocket,
        last.dropped,
    )


def _request_line(line: bytes) -> tuple[str, str, int]:
    parts = line.split(b" ")
    if len(parts) != len(("method", "target", "version")):
        check_line(line)
        raise WireError("the request line is not METHOD TARGET VERSION")
    method, target, version = parts
    if version != b"HTTP/1.1" or method not in _USUAL_METHODS:
        _check_manner(method, version)
    if len(target) > MAX_TARGET:
        raise WireError("the request target is too long", 414)
    if not _TARGET.match(target):
        raise WireError("the request target has a character that must be encoded")
    return method.decode("ascii"), target.decode("ascii"), 0 if version == b"HTTP/1.0" else 1


def _check_manner(method: bytes, version: bytes) -> None:
    match = _VERSION.match(version)
    if match is None or not is_token(method):
        raise WireError("the request line is malformed")
    if match[1] != b"1":
        raise WireError("only HTTP/1.0 and HTTP/1.1 are spoken here", 505)
    if len(method) > MAX_METHOD:
        raise WireError("the method is unknown", 501)


def _host(fields: Fields, minor: int) -> str:
    value = fields.only(b"host")
    if value is None and minor == 0 and b"host" not in fields.named:
        return ""
    host = None if value is None or len(value) > LONGEST_HOST else _common_host(value)
    if host is None:
        raise WireError("exactly one valid Host is needed")
    return host


@lru_cache(maxsize=256)
def _common_host(value: bytes) -> str | None:
    return value.decode("ascii") if _is_authority(value) else None


def _is_authority(text: bytes) -> bool:
    match = _HOST.match(text)
    if match is None or int((match[2] or b":0")[1:] or 0) > HIGHEST_PORT:
        return False
    host = match[1].decode("ascii")
    return not host.startswith("[") or _is_ipv6(host[1:-1])


def _is_ipv6(text: str) -> bool:
    try:
        return bool(IPv6Address(text))
    except ValueError:
        return False


def _origin_form(method: str, target: str, host: str) -> tuple[str, str]:
    if method == "CONNECT":
        raise WireError("CONNECT is not offered here", 501)
    if target == "*" and method == "OPTIONS":
        return target, host
    match = _ABSOLUTE.match(target.encode("ascii"))
    if match is None or not _is_authority(match[1]):
        raise WireError("the request target has none of the forms of RFC 9112")
    rest = match[2].decode("ascii")
    return rest if rest.startswith("/") else f"/{rest}", match[1].decode("ascii")


def _framing(fields: Fields, minor: int) -> tuple[int | None, bool]:
    length = content_length(fields) if b"content-length" in fields.named else None
    if b"transfer-encoding" not in fields.named:
        return length, False
    if length is not None:
        raise WireError("both Content-Length and Transfer-Encoding")
    if minor == 0:
        raise WireError("Transfer-Encoding in HTTP/1.0")
    codings = [c.strip(b" \t").lower() for v in fields.all(b"transfer-encoding") for c in v.split(b",")]
    if codings[-1] != b"chunked" or codings.count(b"chunked") > 1 or b"" in codings:
        raise WireError("Transfer-Encoding does not end in one 'chunked'")
    if len(codings) > 1:
        raise WireError("the transfer coding is unknown", 501)
    return None, True


def _expects_continue(fields: Fields, minor: int) -> bool:
    if minor == 0:
        return False
    if fields.words(b"expect") != (b"100-continue",):
        raise WireError("the expectation is unknown", 417)
    return True


def _is_websocket(method: str, minor: int, fields: Fields, connection: Sequence[bytes]) -> bool:
    if b"upgrade" not in connection:
        return False
    return method == "GET" and minor > 0 and fields.words(b"upgrade") == (b"websocket",)
