"""How one exchange gets its answer: route, gates, then the service or services."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from msctl.gateway import cors
from msctl.gateway.aggregate import aggregate
from msctl.gateway.client import ClientConnection
from msctl.gateway.config import Network
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
from msctl.gateway.router import USUAL_METHODS, CompiledRoute, Match, WrongMethod
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
        origin = _origin(exchange, edge, table.config.trusted_proxies)
        arrival = Arrival(exchange, match, table, origin, self.via)
        trouble = first_trouble(arrival)
        if trouble is not None and await _is_stale(trouble, table):
            trouble = first_trouble(arrival)
        if trouble is not None:
            raise Refused(trouble)
        if exchange.body is not None:
            exchange.body.allow(match.route.route.body_limit)
        if match.route.route.aggregate:
            await aggregate(exchange, match, edge, table, self.nature, self.measures)
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
        trusted = bool(networks) and is_among(client.peer, networks)
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
        _open_to_pages(exchange, found.routes)
        raise Refused(
            Trouble("wrong-method", f"this path takes {found.allow}", headers=(("Allow", found.allow),))
        )
    exchange.label = found.route.label
    _open_to_pages(exchange, (found.route,))
    return found


def _open_to_pages(exchange: Exchange, routes: Sequence[CompiledRoute]) -> None:
    rules = next((found.route.cors for found in routes if found.route.cors is not None), None)
    if rules is not None:
        exchange.cross_origin = cors.answer_headers(rules, exchange.head.header("origin"))


def _origin(exchange: Exchange, edge: Edge, trusted: Sequence[Network]) -> str:
    """The client's address: the nearest that no trusted proxy has, else the peer itself."""
    if not edge.trusted:
        return edge.client
    for word in reversed(exchange.head.fields.words(b"x-forwarded-for")):
        seen = without_port(word.decode("latin-1"))
        if not is_among(seen, trusted):
            return seen
    return edge.client


def without_port(address: str) -> str:
    """``192.0.2.1:80`` and ``[2001:db8::1]:80`` as addresses."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, _ = address.partition(":")
    return host if colon and ":" not in address[len(host) + 1 :] else address


def is_among(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is one of the networks'."""
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False
