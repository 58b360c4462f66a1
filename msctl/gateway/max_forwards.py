"""``Max-Forwards`` of OPTIONS and TRACE (RFC 9110 7.6.2)."""

from __future__ import annotations

from dataclasses import replace

from msctl.gateway.exchange import Exchange
from msctl.gateway.wire.fields import Fields, WireError, field

NAME = b"max-forwards"
COUNTED = ("OPTIONS", "TRACE")
"""The methods whose hops are counted."""


def ends_here(exchange: Exchange, allow: str) -> bool:
    """Answer a request that may travel no further; count down on one that may."""
    head = exchange.head
    if head.method not in COUNTED or NAME not in head.fields.named:
        return False
    value = head.fields.only(NAME)
    if value is None or not value.isdigit() or len(value) > len("4294967295"):
        raise WireError("Max-Forwards is not one number")
    left = int(value)
    if left == 0:
        exchange.respond(204, [("Allow", allow)])
        return True
    lowered = field(b"Max-Forwards", b"%d" % (left - 1))
    fields = Fields([lowered if found[0] == NAME else found for found in head.fields.items])
    exchange.head = replace(head, fields=fields, made=None)
    return False
