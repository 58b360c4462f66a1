"""One connection of a client: heads in strict order, one exchange at a time, time limits, an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msctl.gateway.client_ports import ClientTunnel, Host
from msctl.gateway.connection import Connection, ignore
from msctl.gateway.errand import Errand
from msctl.gateway.exchange import Exchange
from msctl.gateway.heads import Edge
from msctl.gateway.pace import next_due
from msctl.gateway.request_body import RequestBody
from msctl.gateway.wire.body import decoder
from msctl.gateway.wire.fields import WireError
from msctl.gateway.wire.request import RequestHead, RequestReader, check_partial

IDLE_SECONDS = 75.0
REMEMBERING_SECONDS = 5.0
"""How long an idle connection keeps what it may need again."""

HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
WRITE_SECONDS = 60.0
LINGER_SECONDS = 2.0
HALF_CLOSED_SECONDS = 0.5
"""How long a client that shut its sending side may still wait before it counts as gone."""

READ_AHEAD = 64 * 1024
NEVER = float("inf")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientConnection(Connection):
    """``expires`` is when the present wait of the client ends, ``paused`` whether it reads too slowly.

    ``edge`` is what is known of the client under the table beside it.
    """

    scheme = "http"

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._reader = RequestReader()
        self._buffer = b""
        self._errand: Errand | None = None
        self._exchange: Exchange | None = None
        self._tunnel: ClientTunnel | None = None
        self._lingering = False
        self._half_closed = False
        self._skipped = False
        self._checked = 0
        self._beginning = False
        self.peer = ""
        self.edge: tuple[object, Edge] | None = None
        self.paused = False
        self.expires = NEVER
        self.watch: Callable[[float], None] | None = None

    @property
    def wants_close(self) -> bool:
        """Whether the process is about to end."""
        return self._host.draining

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if peer else "unknown"
        if not self._host.admit(self):
            self._host.turn_away(self)
            transport.close()
            return
        self.expires = self._host.clock() + IDLE_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.closed = True
        self._host.left(self)
        self.flow(False)
        if self._tunnel is not None:
            self._tunnel.client_gone()
        if self._errand is not None:
            self._errand.cancel()

    def eof_received(self) -> bool:
        if self._tunnel is not None:
            self._tunnel.client_gone()
        elif self._errand is not None:
            self._half_closed = True
            asyncio.get_running_loop().call_later(HALF_CLOSED_SECONDS, self._give_up, self._errand)
        else:
            return False
        return True

    def pause_writing(self) -> None:
        self.paused = True
        self.expires = self._host.clock() + WRITE_SECONDS
        if self._tunnel is not None:
            self._tunnel.client_flow(True)
        self.flow(True)

    def resume_writing(self) -> None:
        self.paused = False
        self.expires = NEVER
        if self._tunnel is not None:
            self._tunnel.client_flow(False)
        self.flow(False)
        if self._exchange is None and self._tunnel is None and not self._lingering:
            self._await_next()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self._tunnel is not None:
            self._tunnel.from_client(data)
        elif self._exchange is not None:
            self._during(self._exchange, data)
        else:
            self._buffer = self._buffer + data if self._buffer else data
            if not self.paused:
                self._next()

    def become_tunnel(self, tunnel: ClientTunnel) -> None:
        """Pass bytes through from now on, beginning with what has already come, the end included."""
        self._tunnel = tunnel
        self.expires = NEVER
        early, self._buffer = self._buffer, b""
        if early:
            tunnel.from_client(early)
        if self._half_closed:
            tunnel.client_gone()
        self.read(True)

    def finish(self) -> None:
        """Close after what was written, reading on for a moment so that no reset eats the answer."""
        if self.closed or self._lingering:
            return
        self._lingering = True
        self.expires = self._host.clock() + LINGER_SECONDS
        self.read(True)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def sweep(self, now: float) -> None:
        """End a wait that took too long."""
        if self.watch is not None:
            self.watch(now)
        if self._exchange is None and self.expires - now < IDLE_SECONDS - REMEMBERING_SECONDS:
            self._reader.forget()
        if now < self.expires or self.closed:
            return
        self.expires = NEVER
        if self._lingering or self.paused:
            self.abort()
        elif self._exchange is not None:
            self._starved(self._exchange)
        elif self._buffer:
            self._refuse(WireError("the request head did not arrive in time", 408))
        else:
            self.transport.close()

    def drain(self) -> None:
        """The process ends: an idle connection is closed, a busy one after its answer."""
        if self._errand is None and not self._buffer and not self._lingering and not self.closed:
            self.transport.close()

    def _next(self) -> None:
        """Begin requests in turn for as long as each has its answer at once; an answer leads back here."""
        self._beginning = True
        try:
            while self._begin_next() and self._errand is None and self._buffer and not self._is_held_up():
                pass
        finally:
            self._beginning = False

    def _is_held_up(self) -> bool:
        transport = self._transport
        return self.paused or self._lingering or transport is None or transport.is_closing()

    def _begin_next(self) -> bool:
        """Begin the next request; False if its head is not here yet, or is none."""
        if not self._skipped and self._buffer.startswith(b"\r\n"):
            self._buffer, self._skipped, self._checked = self._buffer[2:], True, 0
        end = self._buffer.find(b"\r\n\r\n", self._checked)
        try:
            if end < 0:
                self._await_head()
                return False
            head = self._reader.read(self._buffer[:end])
        except WireError as exc:
            self._refuse(exc)
            return False
        self._buffer = self._buffer[end + 4 :]
        self._skipped = False
        self._checked = 0
        self._begin(head)
        return True

    def _await_head(self) -> None:
        if not self._buffer:
            return
        if self._skipped or self._buffer != b"\r":
            check_partial(self._buffer, self._checked)
        self._checked = max(0, len(self._buffer) - 3)
        if self.expires == NEVER or self.expires > self._host.clock() + HEAD_SECONDS:
            self.expires = self._host.clock() + HEAD_SECONDS

    def _begin(self, head: RequestHead) -> None:
        body: RequestBody | None = None
        if head.has_body:
            body = RequestBody(decoder(head.length, head.chunked, named=head.dropped), self._body_flow)
            if head.expects_continue:
                body.wanted = self._send_continue
        self.expires = NEVER if body is None else self._host.clock() + BODY_SECONDS
        exchange = self._exchange = self._host.begin(head, body, self)
        if body is not None:
            self.read(True)
            data, self._buffer = self._buffer, b""
            self._during(exchange, data)
        self._errand = Errand(self._host.serve(exchange), self._done)
        self._errand.go()

    def _during(self, exchange: Exchange, data: bytes) -> None:
        body = exchange.body
        if body is not None and not body.complete:
            now = self._host.clock()
            since = now + BODY_SECONDS if exchange.status else self.expires
            self.expires = next_due(since, now, len(data), BODY_SECONDS)
            data = body.feed(data)
            if body.complete:
                self.expires = NEVER
        self._buffer += data
        if len(self._buffer) > READ_AHEAD:
            self.read(False)

    def _done(self, in_order: bool) -> None:
        exchange, self._exchange, self._errand = self._exchange, None, None
        if self.closed or self._tunnel is not None:
            return
        if not in_order or exchange is None:
            self.abort()
            return
        self.flow = ignore
        if exchange.close:
            self.finish()
        elif self.paused:
            self.expires = self._host.clock() + WRITE_SECONDS
            self.read(False)
        else:
            self._await_next()

    def _await_next(self) -> None:
        """Ready for another request; never while answers pile up that the client does not read."""
        self.expires = self._host.clock() + IDLE_SECONDS
        if self._host.draining:
            self.transport.close()
        if self._beginning:
            return
        if self._buffer or not self._reading:
            self.read(len(self._buffer) <= READ_AHEAD)
        if self._buffer and not self._is_held_up():
            self._next()
        if self._errand is None and (self._half_closed or not self._reading) and not self._is_held_up():
            self.read(True)
            if self._half_closed:
                self.transport.close()

    def _starved(self, exchange: Exchange) -> None:
        """The body stopped coming."""
        body = exchange.body
        if body is not None and not body.complete:
            body.break_off(WireError("the request body did not arrive in time", 408))

    def _refuse(self, error: WireError) -> None:
        self._buffer = b""
        self._host.reject(self, error)
        self.finish()

    def _give_up(self, errand: Errand) -> None:
        if self._errand is errand and self._tunnel is None:
            errand.cancel()

    def _body_flow(self, paused: bool) -> None:
        self.expires = NEVER if paused else self._host.clock() + BODY_SECONDS
        self.read(not paused)

    def _send_continue(self) -> None:
        exchange = self._exchange
        if (
            exchange is not None
            and exchange.body is not None
            and not exchange.status
            and exchange.body.untouched
        ):
            self.write(_CONTINUE)
