"""One connection of a client: heads in strict order, one exchange at a time, time limits, an orderly end."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from msctl.gateway.client_ports import ClientTunnel, Host
from msctl.gateway.exchange import Exchange
from msctl.gateway.pace import next_due
from msctl.gateway.request_body import RequestBody
from msctl.gateway.wire.body import decoder
from msctl.gateway.wire.fields import WireError
from msctl.gateway.wire.request import RequestHead, check_partial, parse_request

IDLE_SECONDS = 75.0
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
WRITE_SECONDS = 60.0
LINGER_SECONDS = 2.0
HALF_CLOSED_SECONDS = 0.5
"""How long a client that shut its sending side may still wait before it counts as gone."""

READ_AHEAD = 64 * 1024
NEVER = float("inf")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class ClientConnection(asyncio.Protocol):
    """``expires`` is when the present wait of the client ends, ``paused`` whether it reads too slowly."""

    scheme = "http"

    def __init__(self, host: Host) -> None:
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None
        self._exchange: Exchange | None = None
        self._tunnel: ClientTunnel | None = None
        self._reading = True
        self._lingering = False
        self._half_closed = False
        self._skipped = False
        self._checked = 0
        self.peer = ""
        self.closed = False
        self.paused = False
        self.expires = NEVER
        self.flow: Callable[[bool], None] = lambda _paused: None
        self.watch: Callable[[float], None] | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """The live transport."""
        assert self._transport is not None  # noqa: S101
        return self._transport

    @property
    def wants_close(self) -> bool:
        """Whether the process is about to end."""
        return self._host.draining

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
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
        if self._task is not None:
            self._task.cancel()

    def eof_received(self) -> bool:
        if self._tunnel is not None:
            self._tunnel.client_gone()
        elif self._task is not None:
            self._half_closed = True
            asyncio.get_running_loop().call_later(HALF_CLOSED_SECONDS, self._give_up, self._task)
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

    def write(self, data: bytes) -> None:
        """Send bytes unless the client is gone."""
        if not self.closed:
            self.transport.write(data)

    def read(self, reading: bool) -> None:
        """Stop or resume reading."""
        if reading == self._reading or self.closed or self.transport.is_closing():
            return
        self._reading = reading
        if reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

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

    def reset(self) -> None:
        """Close with a TCP reset: a body that ends with the connection must not seem whole."""
        linger_no_time = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger_no_time
        )
        self.abort()

    def abort(self) -> None:
        """Close at once, unsent bytes included."""
        if self._transport is not None:
            self._transport.abort()

    def sweep(self, now: float) -> None:
        """End a wait that took too long."""
        if self.watch is not None:
            self.watch(now)
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
        if self._task is None and not self._buffer and not self._lingering and not self.closed:
            self.transport.close()

    def _next(self) -> None:
        """Begin the next request if its head is here."""
        if not self._skipped and self._buffer.startswith(b"\r\n"):
            self._buffer, self._skipped, self._checked = self._buffer[2:], True, 0
        end = self._buffer.find(b"\r\n\r\n", max(0, self._checked - 3))
        try:
            if end < 0:
                self._await_head()
                return
            head = parse_request(self._buffer[:end])
        except WireError as exc:
            self._refuse(exc)
            return
        self._buffer = self._buffer[end + 4 :]
        self._skipped = False
        self._checked = 0
        self._begin(head)

    def _await_head(self) -> None:
        if not self._buffer:
            return
        if self._skipped or self._buffer != b"\r":
            check_partial(self._buffer, self._checked)
        self._checked = len(self._buffer)
        if self.expires == NEVER or self.expires > self._host.clock() + HEAD_SECONDS:
            self.expires = self._host.clock() + HEAD_SECONDS

    def _begin(self, head: RequestHead) -> None:
        body: RequestBody | None = None
        if head.has_body:
            body = RequestBody(decoder(head.length, head.chunked, named=head.hop_named), self._body_flow)
            if head.expects_continue:
                body.wanted = self._send_continue
        self.expires = NEVER if body is None else self._host.clock() + BODY_SECONDS
        exchange = self._exchange = self._host.begin(head, body, self)
        if body is not None and self._buffer:
            data, self._buffer = self._buffer, b""
            self._during(exchange, data)
        if body is not None and not body.complete:
            self.read(True)
        self._task = asyncio.get_running_loop().create_task(self._host.serve(exchange))
        self._task.add_done_callback(self._done)

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

    def _done(self, task: asyncio.Task[None]) -> None:
        exchange, self._exchange, self._task = self._exchange, None, None
        if task.cancelled() or self.closed or self._tunnel is not None or exchange is None:
            if not self.closed and self._tunnel is None:
                self.abort()
            return
        self.flow = lambda _paused: None
        if exchange.close:
            self.finish()
            return
        if self.paused:
            self.expires = self._host.clock() + WRITE_SECONDS
            self.read(False)
        else:
            self._await_next()

    def _await_next(self) -> None:
        """Ready for another request; never while answers pile up that the client does not read."""
        self.expires = self._host.clock() + IDLE_SECONDS
        if self._host.draining:
            self.transport.close()
            return
        self.read(len(self._buffer) <= READ_AHEAD)
        if self._buffer:
            self._next()
        if self._half_closed and self._task is None and not self._lingering:
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

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if self._task is task and self._tunnel is None:
            task.cancel()

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
