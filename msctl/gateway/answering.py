"""How one exchange gets its answer: route, gates, then the service or services."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from msctl.gateway import cors
from msctl.gateway.aggregate import aggregate
from msctl.gateway.client import ClientConnection
from msctl.gateway.exchange import Exchange
from msctl.gateway.explain import KIND_OF_STATUS
from msctl.gateway.forward import forward
from msctl.gateway.gates import Arrival, first_trouble
from msctl.gateway.heads import Edge
from msctl.gateway.log import AccessLog
from msctl.gateway.max_forwards import COUNTED, ends_here
from msctl.gateway.measures import Measures
from msctl.gateway.outgoing import Refused
from msctl.gateway.problems import Trouble
from msctl.gateway.router import USUAL_METHODS, Match, WrongMethod
from msctl.gateway.service import Nature
from msctl.gateway.table import Table, choose_service
from msctl.gateway.template import BadPath
from msctl.gateway.wire.fields import WireError
from msctl.telemetry.health import CACHE_CONTROL, CONTENT_TYPE

HEALTH_PATH = "/healthz"
_OWN_PATHS = ("*", HEALTH_PATH)
CLIENT_GONE = 499
_ALLOW = ("Allow", ", ".join(USUAL_METHODS))
_log = logging.getLogger("msctl.gateway")


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers exchanges; ``via`` is this gateway's own name in ``Via``."""

    nature: Nature
    measures: Measures
    access: AccessLog
    via: bytes

    async def serve(self, exchange: Exchange, table: Table) -> None:
        """Answer one exchange; whatever happens, the client gets an answer or a cut connection."""
        try:
            work = self._decide(exchange, table)
            if work is not None:
                await work
        except Refused as exc:
            exchange.refuse(exc.trouble, table.full_errors)
        except WireError as exc:
            exchange.close = True
            exchange.refuse(client_fault(exc), table.full_errors)
        except asyncio.CancelledError:
            self.measures.cancelled(exchange.label)
            exchange.status = exchange.status or CLIENT_GONE
            raise
        except Exception:
            _log.exception("the gateway failed", extra={"trace_id": exchange.trace.trace_id})
            exchange.close = bool(exchange.status)
            exchange.refuse(Trouble("gateway-error", "the gateway failed"), full=False)
        finally:
            self._count(exchange)

    def reject(self, exchange: Exchange, error: WireError, table: Table) -> None:
        """Answer bytes that are no request."""
        exchange.label = "(malformed)"
        exchange.refuse(client_fault(error), table.full_errors)
        self._count(exchange)

    def _decide(self, exchange: Exchange, table: Table) -> Coroutine[Any, Any, None] | None:
        """Answer at once, raise Refused or WireError, or say what has to be done for an answer."""
        head, client = exchange.head, exchange.client
        if head.path in _OWN_PATHS and self._is_own(exchange, table):
            return None
        match = _route(exchange, table)
        if match is None:
            return None
        if head.method in COUNTED and ends_here(exchange, match.route.allow):
            return None
        assert isinstance(client, ClientConnection)  # noqa: S101
        edge = self._edge(client, table)
        origin = _origin(exchange, edge) if edge.trusted else client.peer
        trouble = first_trouble(Arrival(exchange, head, match, table, origin, self.via))
        if trouble is not None:
            raise Refused(trouble)
        route = match.route.route
        if exchange.body is not None:
            exchange.body.allow(route.body_limit)
        if route.aggregate:
            return aggregate(exchange, match, table, self.nature)
        service = table.services[route.service or choose_service(match.route, self.nature.dice)]
        exchange.service = service.name
        return forward(exchange, client, match, service, edge)

    def _is_own(self, exchange: Exchange, table: Table) -> bool:
        head = exchange.head
        if head.path == "*":
            exchange.respond(204, [_ALLOW])
        elif head.path == HEALTH_PATH and head.method in ("GET", "HEAD"):
            exchange.label = HEALTH_PATH
            status = "warn" if any(s.catalog_trouble for s in table.services.values()) else "pass"
            headers = [("Content-Type", CONTENT_TYPE), ("Cache-Control", CACHE_CONTROL)]
            exchange.respond(200, headers, json.dumps({"status": status}).encode())
        return bool(exchange.status)

    def _edge(self, client: ClientConnection, table: Table) -> Edge:
        if client.edge is None or client.edge[0] is not table:
            networks = table.config.trusted_proxies
            trusted = bool(networks) and any(ip_address(client.peer) in network for network in networks)
            client.edge = table, Edge(client.peer, client.scheme, self.via, trusted)
        return client.edge[1]

    def _count(self, exchange: Exchange) -> None:
        seconds = self.nature.clock() - exchange.started
        method, status = exchange.head.method, exchange.status
        self.measures.requests.add(exchange.label, exchange.service, method, status, seconds)
        if self.access.share:
            self.access.write(exchange, seconds)


def client_fault(error: WireError) -> Trouble:
    """A broken rule of HTTP as trouble."""
    return Trouble(KIND_OF_STATUS.get(error.status, "bad-request"), error.what)


def _route(exchange: Exchange, table: Table) -> Match | None:
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
        raise Refused(
            Trouble("wrong-method", f"this path takes {found.allow}", headers=(("Allow", found.allow),))
        )
    exchange.label = found.route.label
    return found


def _origin(exchange: Exchange, edge: Edge) -> str:
    """The client's address: what the nearest trusted proxy saw, or that proxy's own."""
    seen = exchange.head.fields.words(b"x-forwarded-for")
    return seen[-1].decode("latin-1") if seen else edge.client
