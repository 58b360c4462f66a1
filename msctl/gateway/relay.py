"""An answer's body on its way from an instance to the client."""

from __future__ import annotations

from msctl.gateway.answer_heads import AnswerFrame
from msctl.gateway.client import ClientConnection
from msctl.gateway.connection import ignore
from msctl.gateway.errand import Waiter
from msctl.gateway.exchange import Exchange
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.wire.body import Trailer, chunk, last_chunk

STALL_SECONDS = 60.0
"""Silence in the middle of a body, after which the service counts as broken off."""


def framed(body: bytes) -> bytes:
    """A whole body without trailers in chunks."""
    return chunk(body) + last_chunk([]) if body else last_chunk([])


class Relay:
    """Writes head and body with back-pressure; ``cut`` says how the service broke off, None if it did not."""

    def __init__(
        self,
        exchange: Exchange,
        client: ClientConnection,
        upstream: UpstreamConnection,
        frame: AnswerFrame,
        may_be_silent: bool,
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._upstream = upstream
        self._frame = frame
        self._may_be_silent = may_be_silent
        self._held: bytes | None = None
        self._finished: Waiter[None] = Waiter()
        self._over = False
        self.cut: str | None = None

    async def run(self, head: bytes) -> None:
        """Send the answer and return when it is through, or cut."""
        self._held = head
        self._upstream.stream(self)
        if self._held is not None:
            self._send(b"")
        if self._over:
            return
        self._client.flow = self._pause
        self._client.watch = None if self._may_be_silent else self._check_stall
        if self._client.paused:
            self._upstream.read(False)
        try:
            await self._finished
        finally:
            self._client.watch = None

    def _pause(self, paused: bool) -> None:
        self._upstream.read(not paused)

    def _check_stall(self, now: float) -> None:
        if not self._client.paused and now - self._upstream.last_byte > STALL_SECONDS:
            self._upstream.abort()
            self.body_cut("answer stalled")

    def body(self, data: bytes) -> None:
        """Pass a piece on."""
        self._send(chunk(data) if self._frame.chunked else data)

    def body_end(self, trailers: list[Trailer]) -> None:
        """The body is whole."""
        if self._frame.chunked:
            self._send(last_chunk(trailers))
        elif self._held is not None:
            self._send(b"")
        self._end()
        self._finished.finish(None)

    def body_cut(self, cause: str) -> None:
        """The client must see that this is not the whole answer: its connection breaks, too."""
        self.cut = cause
        if self._held is not None:
            self._send(b"")
        self._end()
        self._finished.finish_soon(None)

    def _send(self, data: bytes) -> None:
        if self._held is not None:
            data, self._held = self._held + data, None
        self._exchange.send(data)

    def _end(self) -> None:
        self._over = True
        self._client.flow = ignore
