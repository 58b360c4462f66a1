"""An upgraded connection: bytes both ways with back-pressure, until both sides have closed."""

from __future__ import annotations

import asyncio

from msctl.gateway.answer_heads import switching_head
from msctl.gateway.calling import Call
from msctl.gateway.client import ClientConnection
from msctl.gateway.errand import as_task
from msctl.gateway.exchange import Exchange
from msctl.gateway.outgoing import Refused
from msctl.gateway.problems import bad_answer
from msctl.gateway.router import CompiledRoute
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.wire.answer import AnswerHead


class WebSocketTunnel:
    """Joins a client and an instance; the end of either side ends the other after what was sent."""

    def __init__(self, exchange: Exchange, client: ClientConnection, upstream: UpstreamConnection) -> None:
        self._exchange = exchange
        self._client = client
        self._upstream = upstream
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Pass bytes until one side ends."""
        self._upstream.flow = lambda paused: self._client.read(not paused)
        self._upstream.become_tunnel(self)
        self._client.become_tunnel(self)
        try:
            await self._over
        finally:
            self._client.finish()

    def from_upstream(self, data: bytes) -> None:
        """Bytes of the instance."""
        self._exchange.send(data)

    def from_client(self, data: bytes) -> None:
        """Bytes of the client."""
        self._upstream.write(data)

    def client_flow(self, paused: bool) -> None:
        """The client reads too slowly, or keeps up again."""
        self._upstream.read(not paused)

    def upstream_gone(self) -> None:
        """The instance closed."""
        self._end()

    def client_gone(self) -> None:
        """The client closed."""
        self._upstream.finish()
        self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


async def open_tunnel(
    exchange: Exchange, client: ClientConnection, call: Call, answer: AnswerHead, compiled: CompiledRoute
) -> None:
    """Pass the upgrade on; anything but WebSocket, asked for by the client, is no answer."""
    upgrade = answer.fields.words(b"upgrade")
    if not exchange.head.websocket or upgrade != (b"websocket",) or call.connection is None:
        call.settle("malformed answer")
        trouble = bad_answer(call.service_name, "an upgrade nobody asked for", False, call.place)
        raise Refused(trouble)
    call.settle()
    await as_task()
    exchange.status = answer.status
    exchange.close = True
    exchange.send(switching_head(answer.fields, exchange.request_id, compiled.response_edits))
    await WebSocketTunnel(exchange, client, call.connection).run()
