"""Which route answers a request, and what the gateway itself answers to a preflight."""

from __future__ import annotations

from collections.abc import Sequence

from msctl.gateway import cors
from msctl.gateway.exchange import Exchange
from msctl.gateway.outgoing import Refused
from msctl.gateway.problems import Trouble
from msctl.gateway.router import CompiledRoute, Match, WrongMethod
from msctl.gateway.table import Table
from msctl.gateway.template import BadPath
from msctl.gateway.wire.fields import WireError


def find_route(exchange: Exchange, table: Table) -> Match | None:
    """The route that answers; None when a preflight has been answered."""
    head = exchange.head
    try:
        if head.method == "OPTIONS" and cors.is_preflight(head):
            asked = head.header("access-control-request-method") or ""
            found = table.router.match(head.path, head, asked)
            if isinstance(found, Match) and found.route.route.cors is not None:
                exchange.label = found.route.label
                route = found.route.route
                exchange.respond(204, cors.preflight_headers(found.route.route.cors, head, route.methods))
                return None
        found = table.router.match(head.path, head, head.method)
    except BadPath as exc:
        raise WireError(f"ambiguous path: {exc}") from exc
    if found is None:
        raise Refused(Trouble("no-route", "no route of the gateway fits this request"))
    if isinstance(found, WrongMethod):
        exchange.label = found.routes[0].label
        _open_to_pages(exchange, found.routes)
        raise Refused(
            Trouble("wrong-method", f"this path takes {found.allow}", headers=(("Allow", found.allow),))
        )
    exchange.label = found.route.label
    if found.route.route.cors is not None:
        _open_to_pages(exchange, (found.route,))
    return found


def _open_to_pages(exchange: Exchange, routes: Sequence[CompiledRoute]) -> None:
    rules = next((found.route.cors for found in routes if found.route.cors is not None), None)
    if rules is not None:
        exchange.cross_origin = cors.answer_headers(rules, exchange.head.header("origin"))
