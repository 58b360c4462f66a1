"""How one exchange gets its answer: route, gates, then the service or services."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from ipaddress import ip_address

from msctl.gateway import cors
from msctl.gateway.aggregate import aggregate
from msctl.gateway.client import ClientConnection
from msctl.gateway.exchange import Exchange
from msctl.gateway.explain import KIND_OF_STATUS
from msctl.gateway.forward import Forwarding, forward, timeout_of
from msctl.gateway.gates import Arrival, first_trouble
from msctl.gateway.heads import Edge
from msctl.gateway.log import AccessLog
from msctl.gateway.max_forwards import ends_here
from msctl.gateway.measures import Measures
from msctl.gateway.outgoing import Refused
from msctl.gateway.passing import exchanged, passed_on
from msctl.gateway.problems import Trouble
from msctl.gateway.router import USUAL_METHODS, Match, WrongMethod
from msctl.gateway.service import Nature
from msctl.gateway.table import Table, choose_service
from msctl.gateway.template import BadPath
from msctl.gateway.wire.fields import WireError
from msctl.telemetry.health import CACHE_CONTROL, CONTENT_TYPE

HEALTH_PATH = "/healthz"
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
            await self._answer(exchange, table)
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

    async def _answer(self, exchange: Exchange, table: Table) -> None:
        if self._is_own(exchange, table):
            return
        match = _route(exchange, table)
        if match is None or ends_here(exchange, match.route.allow):
            return
        client = exchange.client
        assert isinstance(client, ClientConnection)  # noqa: S101
        edge = self._edge(client, table)
        arrival = Arrival(exchange, match, table, _origin(exchange, edge), self.via)
        trouble = first_trouble(arrival)
        if trouble is not None and await _is_stale(trouble, table):
            trouble = first_trouble(arrival)
        if trouble is not None:
            raise Refused(trouble)
        if exchange.body is not None:
            exchange.body.allow(match.route.route.body_limit)
        if match.route.route.aggregate:
            await aggregate(exchange, match, table, self.nature, self.measures)
            return
        service = table.services[choose_service(match.route, self.nature.dice)]
        exchange.service = service.name
        authorization, spent = passed_on(exchange, table, service.name), 0.0
        if authorization is None and exchange.identity is not None:
            began = self.nature.clock()
            seconds = timeout_of(exchange.head, match.route.route)
            authorization = await exchanged(exchange, table, service.name, seconds)
            spent = self.nature.clock() - began
        how = Forwarding(self.nature, edge, self.measures.retrying(service.name), authorization, spent)
        await forward(exchange, client, match, service, how)

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
        networks = table.config.trusted_proxies
        trusted = bool(networks) and any(ip_address(client.peer) in network for network in networks)
        return Edge(client.peer, client.scheme, self.via, trusted)

    def _count(self, exchange: Exchange) -> None:
        head = exchange.head
        seconds = self.nature.clock() - exchange.started
        self.measures.answered(exchange.label, exchange.service, head.method, exchange.status, seconds)
        self.access.write(exchange, seconds)


async def _is_stale(trouble: Trouble, table: Table) -> bool:
    """Whether the trouble came of keys that were too old, and newer ones have come."""
    return table.identities is not None and await table.identities.may_know_more(trouble)


def client_fault(error: WireError) -> Trouble:
    """A broken rule of HTTP as trouble."""
    return Trouble(KIND_OF_STATUS.get(error.status, "bad-request"), error.what)


def _route(exchange: Exchange, table: Table) -> Match | None:
    """The route that answers; None when a preflight has been answered."""
    head = exchange.head
    try:
        if cors.is_preflight(head):
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
    """The client's address: what the nearest trusted proxy saw, or the peer itself."""
    if not edge.trusted:
        return edge.client
    seen = exchange.head.fields.words(b"x-forwarded-for")
    return seen[-1].decode("latin-1") if seen else edge.client
