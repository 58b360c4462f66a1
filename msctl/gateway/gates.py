"""What a request must pass before any service is called, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msctl.gateway.exchange import Exchange
from msctl.gateway.heads import Edge
from msctl.gateway.problems import Trouble
from msctl.gateway.router import CompiledRoute, Match
from msctl.gateway.table import Table
from msctl.model.project import Route


class Routed(NamedTuple):
    """What is the same for every request of a connection with the same head; ``origin`` is who is asking.

    A client that asks through proxies that are trusted has another ``origin`` than its ``edge`` says.
    """

    table: Table
    match: Match
    gates: tuple[Gate, ...]
    edge: Edge
    origin: str


Gate = Callable[[Exchange, Routed], Trouble | None]
Applies = Callable[[Route, Table], bool]
"""Whether a gate can ever stop a request to a route; most are open for good, and are left out once."""


def no_loop(exchange: Exchange, routed: Routed) -> Trouble | None:
    """Refuse what has been here before."""
    if b"via" not in exchange.head.fields.named:
        return None
    for value in exchange.head.fields.all(b"via"):
        if any(part.split()[1:2] == [routed.edge.via] for part in value.split(b",")):
            return Trouble("loop-detected", "the request has passed this gateway before")
    return None


def authorized(exchange: Exchange, routed: Routed) -> Trouble | None:
    """Let in whose token allows what the route asks for; what comes to auth itself is for it to judge."""
    identities, route = routed.table.identities, routed.match.route.route
    assert identities is not None  # noqa: S101
    verdict = identities.judge(exchange.head.fields, route.scopes)
    if isinstance(verdict, Trouble):
        return verdict
    exchange.identity = verdict
    return None


def within_rate(_exchange: Exchange, routed: Routed) -> Trouble | None:
    """Keep the route's rate limit for each client."""
    wait = routed.table.rates[routed.match.route.number].ask(routed.origin)
    if not wait:
        return None
    return Trouble("rate-limited", "too many requests to this route from this client", retry_in=wait)


def within_body_limit(exchange: Exchange, routed: Routed) -> Trouble | None:
    """Refuse a body that announces itself as too large; others are cut off when they grow."""
    limit, length = routed.match.route.route.body_limit, exchange.head.length
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


def first_trouble(exchange: Exchange, routed: Routed) -> Trouble | None:
    """What stops the request, None when every gate is open."""
    for gate in routed.gates:
        trouble = gate(exchange, routed)
        if trouble is not None:
            return trouble
    return None
