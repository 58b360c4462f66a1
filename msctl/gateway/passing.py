"""What a service gets to know of who is asking: the internal token, where tokens are checked at all."""

from __future__ import annotations

from msctl.gateway.exchange import Exchange
from msctl.gateway.identities import bearer
from msctl.gateway.table import Table


def passed_on(exchange: Exchange, table: Table, service: str) -> bytes | None:
    """The ``Authorization`` for ``service``: None leaves the client's own, empty gives none.

    None also for an identity whose internal token has yet to be exchanged.
    """
    identities, identity = table.identities, exchange.identity
    if identities is None or service == identities.config.server:
        return None
    if identity is None:
        return b""
    if identities.internal is None:
        return exchange.head.fields.only(b"authorization")
    return identities.internal.known(identity, service)


async def exchanged(exchange: Exchange, table: Table, service: str, seconds: float) -> bytes:
    """The ``Authorization`` for ``service`` with a new internal token; raises Refused."""
    identities, identity = table.identities, exchange.identity
    assert identities is not None  # noqa: S101
    assert identities.internal is not None  # noqa: S101
    assert identity is not None  # noqa: S101
    return await identities.internal.obtain(identity, bearer(exchange.head.fields), service, seconds)


async def for_part(exchange: Exchange, table: Table, service: str, seconds: float) -> bytes | None:
    """The same for a part of an aggregate, which the gateway may ask in its own name."""
    identities, identity = table.identities, exchange.identity
    if identities is None or identities.internal is None:
        return passed_on(exchange, table, service)
    token = "" if identity is None else bearer(exchange.head.fields)
    return await identities.internal.for_part(identity, token, service, seconds)
