"""What a request must pass before any service is called, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msctl.gateway.exchange import Exchange
from msctl.gateway.problems import Trouble
from msctl.gateway.router import CompiledRoute, Match
from msctl.gateway.table import Table
from msctl.gateway.wire.request import RequestHead
from msctl.model.project import Route


class Arrival(NamedTuple):
    """A routed request; ``via`` is this gateway's own name in ``Via``, ``client`` the client's address."""

    exchange: Exchange
    request: RequestHead
    match: Match
    table: Table
    client: str
    via: bytes


Gate = Callable[[Arrival], Trouble | None]
Applies = Callable[[Route, Table], bool]
"""Whether a gate can ever stop a request to a route; most are open for good, and are left out once."""


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
    assert identities is not None  # noqa: S101
    verdict = identities.judge(arrival.request.fields, route.scopes)
    if isinstance(verdict, Trouble):
        return verdict
    arrival.exchange.identity = verdict
    return None


def within_rate(arrival: Arrival) -> Trouble | None:
    """Keep the route's rate limit for each client."""
    wait = arrival.table.rates[arrival.match.route.number].ask(arrival.client)
    if not wait:
        return None
    return Trouble("rate-limited", "too many requests to this route from this client", retry_in=wait)


def within_body_limit(arrival: Arrival) -> Trouble | None:
    """Refuse a body that announces itself as too large; others are cut off when they grow."""
    limit, length = arrival.match.route.route.body_limit, arrival.request.length
    if limit is None or length is None or length <= limit:
        return None
    return Trouble("body-too-large", f"the body has {length} bytes, the route allows {limit}")


def _is_guarded(route: Route, table: Table) -> bool:
    identities = table.identities
    return identities is not None and (route.service is None or route.service != identities.config.server)


GATES: tuple[tuple[Gate, Applies], ...] = (
    (no_loop, lambda _route, _table: True),
    (authorized, _is_guarded),
    (within_rate, lambda route, _table: route.rate_limit is not None),
    (within_body_limit, lambda route, _table: route.body_limit is not None),
)


def gates_of(compiled: CompiledRoute, table: Table) -> tuple[Gate, ...]:
    """The gates of a route under a table, in order."""
    gates: tuple[Gate, ...] | None = table.gates.get(compiled.number)
    if gates is None:
        gates = tuple(gate for gate, applies in GATES if applies(compiled.route, table))
        table.gates[compiled.number] = gates
    return gates


def first_trouble(arrival: Arrival) -> Trouble | None:
    """What stops the request, None when every gate is open."""
    for gate in gates_of(arrival.match.route, arrival.table):
        trouble = gate(arrival)
        if trouble is not None:
            return trouble
    return None
