"""Cross-origin answers (the Fetch standard's CORS protocol) of routes that ask for them."""

from __future__ import annotations

from msctl.gateway.router import USUAL_METHODS
from msctl.gateway.wire.request import RequestHead
from msctl.model.project import Cors

Headers = list[tuple[str, str]]
DECIDED_HERE = frozenset(
    b"access-control-" + name
    for name in (
        b"allow-origin",
        b"allow-credentials",
        b"allow-methods",
        b"allow-headers",
        b"allow-private-network",
        b"max-age",
    )
)
"""What a service says in an answer of a route with ``cors`` goes no further: the document decides."""


def is_preflight(request: RequestHead) -> bool:
    """Whether a browser asks with this OPTIONS before it sends a cross-origin request."""
    named = request.fields.named
    return b"origin" in named and b"access-control-request-method" in named


def preflight_headers(cors: Cors, request: RequestHead, methods: tuple[str, ...]) -> Headers:
    """What a preflight is answered; nothing is allowed to an origin that is not listed."""
    headers = answer_headers(cors, request.header("origin"))
    if len(headers) > 1:
        headers.append(("Access-Control-Allow-Methods", ", ".join(cors.methods or methods or USUAL_METHODS)))
        if cors.headers:
            headers.append(("Access-Control-Allow-Headers", ", ".join(cors.headers)))
        headers.append(("Access-Control-Max-Age", str(int(cors.max_age))))
    return headers


def answer_headers(cors: Cors, origin: str | None) -> Headers:
    """What any answer carries for an origin; ``Vary`` always, so that caches keep origins apart."""
    headers: Headers = [("Vary", "Origin")]
    if origin is None or not ("*" in cors.origins or origin in cors.origins):
        return headers
    headers.append(("Access-Control-Allow-Origin", "*" if "*" in cors.origins else origin))
    if cors.credentials:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return headers
