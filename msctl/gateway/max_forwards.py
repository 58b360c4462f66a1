"""``Max-Forwards`` of OPTIONS and TRACE (RFC 9110 7.6.2)."""

from __future__ import annotations

from msctl.gateway.exchange import Exchange
from msctl.gateway.wire.fields import WireError

NAME = b"max-forwards"


def ends_here(exchange: Exchange, allow: str) -> bool:
    """Answer a request that may travel no further; count down on one that may."""
    head = exchange.head
    if head.method not in ("OPTIONS", "TRACE") or NAME not in head.fields:
        return False
    value = head.fields.only(NAME)
    if value is None or not value.isdigit() or len(value) > len("4294967295"):
        raise WireError("Max-Forwards is not one number")
    left = int(value)
    if left == 0:
        exchange.respond(204, [("Allow", allow)])
        return True
    lowered = [
        (low, name, b"%d" % (left - 1) if low == NAME else old) for low, name, old in head.fields.items
    ]
    head.fields.items[:] = lowered
    return False
