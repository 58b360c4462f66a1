"""Forwarding one exchange to a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from msctl.gateway import cors
from msctl.gateway.calling import Call
from msctl.gateway.client import ClientConnection
from msctl.gateway.exchange import Exchange, http_date
from msctl.gateway.heads import Edge, answer_head, frame_for, interim_head, request_head
from msctl.gateway.outgoing import Outgoing
from msctl.gateway.relay import Relay
from msctl.gateway.router import Match
from msctl.gateway.service import Nature, Service
from msctl.gateway.template import with_query
from msctl.gateway.tunnel import open_tunnel
from msctl.gateway.wire.answer import SWITCHING, AnswerHead
from msctl.gateway.wire.fields import connection_names
from msctl.gateway.wire.request import RequestHead
from msctl.model.project import Route
from msctl.resilience.deadline import Deadline, caller_timeout
from msctl.resilience.retry import is_repeatable

GATHER_SECONDS = 0.25
"""How long a body may come before the call begins; two-way streams begin that much later."""

IDEMPOTENCY_KEY = b"idempotency-key"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What forwarding needs beside the exchange; ``authorization`` as ``request_head`` takes it.

    ``spent`` are seconds of the call's time that are gone already.
    """

    nature: Nature
    edge: Edge
    retried: Callable[[], None]
    authorization: bytes | None = None
    spent: float = 0.0


async def forward(
    exchange: Exchange, client: ClientConnection, match: Match, service: Service, how: Forwarding
) -> None:
    """Call the service and pass its answer on; raises Refused or WireError while no answer has begun."""
    await _gather(exchange, service)
    call = Call(service, outgoing(exchange, match, service, how), how.nature, how.retried)
    call.interim = partial(pass_interim, exchange)
    try:
        answer = await call.answer()
        assert call.connection is not None  # noqa: S101
        if answer.status == SWITCHING:
            await open_tunnel(exchange, client, call, answer, match.route.route)
        else:
            if answer.is_event_stream:
                call.prolong()
            await _relay(exchange, client, call, answer, match.route.route)
    finally:
        call.close()


async def _gather(exchange: Exchange, service: Service) -> None:
    """Have a small body here before the call begins: what a client takes its time for holds no place."""
    body = exchange.body
    if body is None or body.complete or exchange.head.expects_continue or not service.takes_calls:
        return
    await body.gather(GATHER_SECONDS)
    if body.error is not None:
        raise body.error


def outgoing(exchange: Exchange, match: Match, service: Service, how: Forwarding) -> Outgoing:
    """The request as the service will get it."""
    request, route = exchange.head, match.route.route
    target = target_of(request, match)
    request_id = exchange.request_id.encode("ascii")
    host = request.host or service.name
    head = request_head(
        request,
        target,
        how.edge,
        exchange.trace,
        request_id,
        route.request_headers,
        host,
        how.authorization,
    )
    now = how.nature.clock()
    timeout = max(0.001, timeout_of(request, route) - how.spent)
    return Outgoing(
        method=request.method,
        head=head,
        body=exchange.body,
        chunked=request.chunked,
        repeatable=is_repeatable(request.method, is_keyed(request, route)),
        retries=route.retries,
        timeout=timeout,
        deadline=Deadline(now + timeout),
        label=match.route.label,
        hurried=timeout < route.timeout,
        is_stream=request.websocket,
    )


def is_keyed(request: RequestHead, route: Route) -> bool:
    """Whether the service gets the client's Idempotency-Key, by which it knows a repetition."""
    key = request.fields.only(IDEMPOTENCY_KEY)
    if key is None or not key.strip(b'"'):
        return False
    edits = route.request_headers
    edited = {name.lower().encode() for name in (*edits.remove, *edits.set)}
    return IDEMPOTENCY_KEY not in edited and IDEMPOTENCY_KEY not in connection_names(request.fields)


def timeout_of(request: RequestHead, route: Route) -> float:
    """The route's time-out, or less if the caller has less time."""
    asked = caller_timeout(request.header("x-timeout-ms"))
    return route.timeout if asked is None else min(route.timeout, asked)


def target_of(request: RequestHead, match: Match) -> str:
    """The target upstream: byte for byte what came, unless the route rewrites its path."""
    if match.route.rewrite is None:
        return request.target
    return with_query(match.route.rewrite(match.raw), request.query)


async def _relay(
    exchange: Exchange, client: ClientConnection, call: Call, answer: AnswerHead, route: Route
) -> None:
    upstream = call.connection
    assert upstream is not None  # noqa: S101
    request = exchange.head
    frame = frame_for(answer, request, exchange.must_close)
    exchange.status, exchange.close = answer.status, frame.close
    added = [("X-Request-Id", exchange.request_id), *exchange.cross_origin]
    hidden = cors.DECIDED_HERE if route.cors is not None else frozenset()
    head = answer_head(answer, request, frame, added, route.response_headers, http_date(), hidden)
    relay = Relay(exchange, client, upstream, frame, may_be_silent=answer.is_event_stream)
    await relay.run(head)
    by_client = exchange.body is not None and exchange.body.error is not None
    call.settle(None if by_client else relay.cut)
    if relay.cut is not None:
        exchange.close = True
        if frame.length is None and not frame.chunked:
            client.reset()


def pass_interim(exchange: Exchange, answer: AnswerHead) -> None:
    """Hand an interim answer on to clients that know such."""
    if exchange.head.minor > 0 and not exchange.status:
        exchange.send(interim_head(answer))
