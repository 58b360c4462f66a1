"""Forwarding one exchange to a service."""

from __future__ import annotations

from msctl.gateway.answer_heads import AnswerFrame, answer_head, frame_for
from msctl.gateway.calling import Call
from msctl.gateway.client import ClientConnection
from msctl.gateway.cors import DECIDED_HERE
from msctl.gateway.edits import Edits
from msctl.gateway.exchange import Exchange
from msctl.gateway.heads import Edge, request_head
from msctl.gateway.outgoing import Outgoing
from msctl.gateway.relay import Relay, framed
from msctl.gateway.request_body import RequestBody
from msctl.gateway.router import CompiledRoute, Match
from msctl.gateway.service import Service
from msctl.gateway.template import with_query
from msctl.gateway.tunnel import open_tunnel
from msctl.gateway.wire.answer import SWITCHING, AnswerHead
from msctl.gateway.wire.fields import NOTHING
from msctl.gateway.wire.request import RequestHead
from msctl.model.project import Route
from msctl.resilience.deadline import caller_timeout
from msctl.resilience.retry import IDEMPOTENT_METHODS

GATHER_SECONDS = 0.25
"""How long a body may come before the call begins; two-way streams begin that much later."""

LEAST_TIMEOUT = 0.001
IDEMPOTENCY_KEY = b"idempotency-key"


async def forward(
    exchange: Exchange,
    match: Match,
    service: Service,
    edge: Edge,
    authorization: bytes | None = None,
    spent: float = 0.0,
) -> None:
    """Call the service and pass its answer on; raises Refused or WireError while no answer has begun.

    ``authorization`` is as ``request_head`` takes it, ``spent`` are seconds of the call's time that are gone.
    """
    if exchange.body is not None:
        await _gather(exchange, exchange.body, service)
    now = service.nature.clock()
    call = Call(service, outgoing(exchange, match, service, edge, authorization, spent, now), now)
    call.interim = exchange.pass_interim
    try:
        answer = await call.answer()
        assert call.connection is not None  # noqa: S101
        if answer.status == SWITCHING:
            await open_tunnel(exchange, _client_of(exchange), call, answer, match.route)
        elif (whole := call.connection.take_whole()) is not None:
            head, frame = _begin(exchange, answer, match.route)
            exchange.send(head + (framed(whole) if frame.chunked else whole))
            call.settle()
        else:
            if answer.is_event_stream:
                call.prolong()
            await _relay(exchange, call, answer, match.route)
    finally:
        call.close()


async def _gather(exchange: Exchange, body: RequestBody, service: Service) -> None:
    """Have a small body here before the call begins: what a client takes its time for holds no place."""
    if body.complete or exchange.head.expects_continue or not service.takes_calls:
        return
    await body.gather(GATHER_SECONDS)
    if body.error is not None:
        raise body.error


def outgoing(
    exchange: Exchange,
    match: Match,
    service: Service,
    edge: Edge,
    authorization: bytes | None,
    spent: float,
    now: float,
) -> Outgoing:
    """The request as the service will get it."""
    request, compiled = exchange.head, match.route
    route = compiled.route
    host = service.config.host or request.host or service.name
    edits = compiled.request_edits
    target = request.target
    if compiled.rewrite is not None:
        target = with_query(compiled.rewrite(match.raw), request.query)
    head = request_head(
        request, target, edge, exchange.trace, exchange.request_id, edits, host, authorization
    )
    timeout = route.timeout
    if spent or b"x-timeout-ms" in request.fields.named:
        timeout = max(LEAST_TIMEOUT, timeout_of(request, route) - spent)
    return Outgoing(
        request.method,
        head,
        exchange.body,
        request.chunked,
        request.method in IDEMPOTENT_METHODS or is_keyed(request, edits),
        route.retries,
        timeout,
        now + timeout,
        compiled.label,
        timeout < route.timeout,
        request.websocket,
    )


def is_keyed(request: RequestHead, edits: Edits) -> bool:
    """Whether the service gets the client's Idempotency-Key, by which it knows a repetition."""
    key = request.fields.only(IDEMPOTENCY_KEY)
    if key is None or not key.strip(b'"'):
        return False
    return IDEMPOTENCY_KEY not in edits.dropped and IDEMPOTENCY_KEY not in request.dropped


def timeout_of(request: RequestHead, route: Route) -> float:
    """The route's time-out, or less if the caller has less time."""
    asked = caller_timeout(request.header("x-timeout-ms"))
    return route.timeout if asked is None else min(route.timeout, asked)


def _begin(exchange: Exchange, answer: AnswerHead, compiled: CompiledRoute) -> tuple[bytes, AnswerFrame]:
    """The head of the answer to pass on, which from now on is the exchange's."""
    request = exchange.head
    frame = frame_for(answer, request, exchange.must_close)
    exchange.status, exchange.close = answer.status, frame.close
    hidden = NOTHING if compiled.route.cors is None else DECIDED_HERE
    added, edits = exchange.cross_origin, compiled.response_edits
    return answer_head(answer, request, frame, exchange.request_id, added, edits, hidden), frame


async def _relay(exchange: Exchange, call: Call, answer: AnswerHead, compiled: CompiledRoute) -> None:
    client, upstream = _client_of(exchange), call.connection
    assert upstream is not None  # noqa: S101
    head, frame = _begin(exchange, answer, compiled)
    relay = Relay(exchange, client, upstream, frame, may_be_silent=answer.is_event_stream)
    await relay.run(head)
    by_client = exchange.body is not None and exchange.body.error is not None
    call.settle(None if by_client else relay.cut)
    if relay.cut is not None:
        exchange.close = True
        if frame.length is None and not frame.chunked:
            client.reset()


def _client_of(exchange: Exchange) -> ClientConnection:
    client = exchange.client
    assert isinstance(client, ClientConnection)  # noqa: S101
    return client
