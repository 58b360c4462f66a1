"""Forwarding one exchange to a service."""

from __future__ import annotations

from msctl.gateway import cors
from msctl.gateway.calling import Call
from msctl.gateway.client import ClientConnection
from msctl.gateway.exchange import Exchange
from msctl.gateway.heads import Edge, answer_head, frame_for, request_head
from msctl.gateway.outgoing import Outgoing
from msctl.gateway.relay import Relay, framed
from msctl.gateway.router import CompiledRoute, Match
from msctl.gateway.service import Service
from msctl.gateway.tunnel import open_tunnel
from msctl.gateway.wire.answer import SWITCHING, AnswerHead
from msctl.gateway.wire.request import RequestHead
from msctl.model.project import Route
from msctl.resilience.deadline import caller_timeout
from msctl.resilience.retry import is_repeatable


async def forward(
    exchange: Exchange, client: ClientConnection, match: Match, service: Service, edge: Edge
) -> None:
    """Call the service and pass its answer on; raises Refused or WireError while no answer has begun."""
    call = Call(service, outgoing(exchange, match, service, edge))
    call.interim = exchange.pass_interim
    try:
        answer = await call.answer()
        if answer.status == SWITCHING:
            await open_tunnel(exchange, client, call, answer, match.route)
        else:
            await _relay(exchange, client, call, answer, match.route)
    finally:
        call.close()


def outgoing(exchange: Exchange, match: Match, service: Service, edge: Edge) -> Outgoing:
    """The request as the service will get it."""
    request, compiled = exchange.head, match.route
    route = compiled.route
    host = request.host or service.name
    edits = compiled.request_edits
    target = request.target if compiled.rewrite is None else _rewritten(request, compiled.rewrite(match.raw))
    head = request_head(request, target, edge, exchange.trace, exchange.request_id, edits, host)
    timeout = timeout_of(request, route)
    return Outgoing(
        request.method,
        head,
        exchange.body,
        request.chunked,
        is_repeatable(request.method, b"idempotency-key" in request.fields.named),
        route.retries,
        timeout,
        service.nature.clock() + timeout,
        compiled.label,
        timeout < route.timeout,
    )


def timeout_of(request: RequestHead, route: Route) -> float:
    """The route's time-out, or less if the caller has less time."""
    if b"x-timeout-ms" not in request.fields.named:
        return route.timeout
    asked = caller_timeout(request.header("x-timeout-ms"))
    return route.timeout if asked is None else min(route.timeout, asked)


def _rewritten(request: RequestHead, path: str) -> str:
    if request.query and "?" in path:
        return f"{path}&{request.query[1:]}"
    return path + request.query


async def _relay(
    exchange: Exchange, client: ClientConnection, call: Call, answer: AnswerHead, compiled: CompiledRoute
) -> None:
    upstream = call.connection
    assert upstream is not None  # noqa: S101
    request = exchange.head
    frame = frame_for(answer, request, exchange.must_close)
    exchange.status, exchange.close = answer.status, frame.close
    cross = compiled.route.cors
    added = () if cross is None else cors.answer_headers(cross, request.header("origin"))
    head = answer_head(answer, request, frame, exchange.request_id, added, compiled.response_edits)
    if (whole := upstream.take_whole()) is not None:
        exchange.send(head + (framed(whole) if frame.chunked else whole))
        call.settle()
        return
    relay = Relay(exchange, client, upstream, frame, may_be_silent=answer.is_event_stream)
    await relay.run(head)
    by_client = exchange.body is not None and exchange.body.error is not None
    call.settle(None if by_client else relay.cut)
    if relay.cut is not None:
        exchange.close = True
        if frame.length is None and not frame.chunked:
            client.reset()
