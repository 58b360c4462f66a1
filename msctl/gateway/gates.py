"""What a request must pass before any service is called, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msctl.gateway.exchange import Exchange
from msctl.gateway.problems import Trouble
from msctl.gateway.router import Match
from msctl.gateway.table import Table
from msctl.gateway.wire.request import RequestHead


class Arrival(NamedTuple):
    """A routed request; ``via`` is this gateway's own name in ``Via``, ``client`` the client's address."""

    exchange: Exchange
    request: RequestHead
    match: Match
    table: Table
    client: str
    via: bytes


Gate = Callable[[Arrival], Trouble | None]


def no_loop(arrival: Arrival) -> Trouble | None:
    """Refuse what has been here before."""
    if b"via" not in arrival.request.fields.named:
        return None
    for value in arrival.request.fields.all(b"via"):
        if any(part.split()[1:2] == [arrival.via] for part in value.split(b",")):
            return Trouble("loop-detected", "the request has passed this gateway before")
    return None


def authorized(arrival: Arrival) -> Trouble | None:
    """Let in whose token allows what the route asks for; what comes to auth itself is for it to judge."""
    identities, route = arrival.table.identities, arrival.match.route.route
    if identities is None or (route.service is not None and route.service == identities.config.server):
        return None
    verdict = identities.judge(arrival.request.fields, route.scopes)
    if isinstance(verdict, Trouble):
        return verdict
    arrival.exchange.identity = verdict
    return None


def within_rate(arrival: Arrival) -> Trouble | None:
    """Keep the route's rate limit for each client."""
    limit = arrival.table.rates.get(arrival.match.route.number)
    if limit is None:
        return None
    wait = limit.ask(arrival.client)
    if not wait:
        return None
    return Trouble("rate-limited", "too many requests to this route from this client", retry_in=wait)


def within_body_limit(arrival: Arrival) -> Trouble | None:
    """Refuse a body that announces itself as too large; others are cut off when they grow."""
    limit, length = arrival.match.route.route.body_limit, arrival.request.length
    if limit is None or length is None or length <= limit:
        return None
    return Trouble("body-too-large", f"the body has {length} bytes, the route allows {limit}")


GATES: tuple[Gate, ...] = (no_loop, authorized, within_rate, within_body_limit)


def first_trouble(arrival: Arrival) -> Trouble | None:
    """What stops the request, None when every gate is open."""
    for gate in GATES:
        trouble = gate(arrival)
        if trouble is not None:
            return trouble
    return None
