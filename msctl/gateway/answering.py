"""How one exchange gets its answer: route, gates, then the service or services."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from msctl.gateway.aggregate import aggregate
from msctl.gateway.client import ClientConnection
from msctl.gateway.client_address import is_among, origin_of
from msctl.gateway.errand import as_task
from msctl.gateway.exchange import Exchange
from msctl.gateway.explain import KIND_OF_STATUS
from msctl.gateway.forward import forward, timeout_of
from msctl.gateway.gates import Routed, first_trouble, gates_of
from msctl.gateway.heads import Edge
from msctl.gateway.log import AccessLog
from msctl.gateway.max_forwards import COUNTED, ends_here
from msctl.gateway.measures import Measures
from msctl.gateway.outgoing import Refused
from msctl.gateway.passing import exchanged, passed_on
from msctl.gateway.problems import Trouble
from msctl.gateway.router import USUAL_METHODS
from msctl.gateway.routing import find_route
from msctl.gateway.service import Nature, Service
from msctl.gateway.table import Table, choose_service
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
        routed = exchange.head.made
        if not isinstance(routed, Routed) or routed.table is not table:
            routed = self._route(exchange, table)
            if routed is None:
                return None
        exchange.label = routed.match.route.label
        trouble = first_trouble(exchange, routed)
        if trouble is not None:
            if table.identities is None or trouble.cause is None:
                raise Refused(trouble)
            return self._judge_again(exchange, routed, trouble)
        return self._begin(exchange, routed)

    def _route(self, exchange: Exchange, table: Table) -> Routed | None:
        """Where a request has to go; None when it has been answered."""
        head, client = exchange.head, exchange.client
        if head.path in _OWN_PATHS and self._is_own(exchange, table):
            return None
        match = find_route(exchange, table)
        if match is None or (head.method in COUNTED and ends_here(exchange, match.route.allow)):
            return None
        assert isinstance(client, ClientConnection)  # noqa: S101
        edge, origin = self._edge(client, table), client.peer
        if edge.trusted:
            origin = origin_of(head.fields, client.peer, table.config.trusted_proxies)
        routed = Routed(table, match, gates_of(match.route, table), edge, origin)
        if head.method not in COUNTED and match.route.route.cors is None:
            head.made = routed
        return routed

    async def _judge_again(self, exchange: Exchange, routed: Routed, trouble: Trouble) -> None:
        """Trouble may come of keys that are too old: ask for newer ones, and try once more."""
        await as_task()
        identities = routed.table.identities
        if identities is not None and await identities.may_know_more(trouble):
            again = first_trouble(exchange, routed)
            if again is None:
                await self._begin(exchange, routed)
                return
            trouble = again
        raise Refused(trouble)

    def _begin(self, exchange: Exchange, routed: Routed) -> Coroutine[Any, Any, None]:
        """What has to be done for a request that may pass."""
        table, match = routed.table, routed.match
        route = match.route.route
        if exchange.body is not None:
            exchange.body.allow(route.body_limit)
        if route.aggregate:
            return aggregate(exchange, match, routed.edge, table, self.nature)
        service = table.services[route.service or choose_service(match.route, self.nature.dice)]
        exchange.service = service.name
        authorization = passed_on(exchange, table, service.name)
        if authorization is None and exchange.identity is not None:
            return self._exchange_first(exchange, routed, service)
        return forward(exchange, match, service, routed.edge, authorization)

    async def _exchange_first(self, exchange: Exchange, routed: Routed, service: Service) -> None:
        """Get an internal token for the service, which takes some of the call's time."""
        await as_task()
        match, began = routed.match, self.nature.clock()
        seconds = timeout_of(exchange.head, match.route.route)
        authorization = await exchanged(exchange, routed.table, service.name, seconds)
        spent = self.nature.clock() - began
        await forward(exchange, match, service, routed.edge, authorization, spent)

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
            trusted = bool(networks) and is_among(client.peer, networks)
            client.edge = table, Edge(client.peer, client.scheme, self.via, trusted)
        return client.edge[1]

    def _count(self, exchange: Exchange) -> None:
        """Count and log it; whoever asks every other second whether the gateway lives is not logged."""
        seconds = self.nature.clock() - exchange.started
        method, status = exchange.head.method, exchange.status
        self.measures.requests.add(exchange.label, exchange.service, method, status, seconds)
        is_probe = exchange.label == HEALTH_PATH and exchange.service == "-"
        if self.access.share and not is_probe:
            self.access.write(exchange, seconds)


def client_fault(error: WireError) -> Trouble:
    """A broken rule of HTTP as trouble."""
    return Trouble(KIND_OF_STATUS.get(error.status, "bad-request"), error.what)
