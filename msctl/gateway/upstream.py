"""One connection to an instance: writes a request, reads its answer strictly, streams the body on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msctl.gateway.connection import Connection, arrived, ignore
from msctl.gateway.errand import Waiter
from msctl.gateway.files import FileBudget
from msctl.gateway.timers import Limit
from msctl.gateway.upstream_ports import AttemptError, BodySink, Tunnel
from msctl.gateway.wire.answer import FINAL, MAX_HEAD, SWITCHING, AnswerHead, AnswerReader
from msctl.gateway.wire.body import BodyDecoder, LengthDecoder, Trailer, chunk, decoder, last_chunk
from msctl.gateway.wire.fields import WireError
from msctl.resilience.endpoints import Endpoint

MAX_INTERIM = 16
UNASKED = "bytes nobody asked for"
_WHOLE = LengthDecoder(0)
"""Of a body that came with its head: nothing is left to decode."""


class UpstreamConnection(Connection):
    """Serves one exchange at a time; ``reusable`` tells whether it may serve another."""

    def __init__(
        self, endpoint: Endpoint, clock: Callable[[], float], files: FileBudget | None = None
    ) -> None:
        super().__init__()
        self.endpoint = endpoint
        self._clock = clock
        self._files = files or FileBudget()
        self.used = 0
        self.idle_until = 0.0
        self.last_byte = 0.0
        self.interim: Callable[[AnswerHead], None] = ignore
        self.limit = Limit()
        self._reader = AnswerReader()
        self._buffer = b""
        self._waiter: Waiter[AnswerHead] | None = None
        self._method = ""
        self._interims = 0
        self._answer: AnswerHead | None = None
        self._decoder: BodyDecoder | None = None
        self._sink: BodySink | None = None
        self._early: list[bytes] = []
        self._broken: str | None = None
        self._tunnel: Tunnel | None = None
        self._chunked = False
        self._aborted = False
        self._sent_all = True
        self._unsent = 0

    @property
    def reusable(self) -> bool:
        """Whether the last exchange left the connection clean on both sides."""
        answer, body = self._answer, self._decoder
        if answer is None or body is None or not answer.keep_alive or not body.done or body.rest:
            return False
        return self._sent_all and not self.closed and self._tunnel is None and self._broken is None

    def begin(self, method: str, head: bytes, chunked: bool, has_body: bool) -> Waiter[AnswerHead]:
        """Send a request's head; what is returned gives the answer's head or raises AttemptError."""
        self.used += 1
        self._method = method
        self._chunked = chunked
        self._sent_all = not has_body
        self._answer, self._decoder, self._sink, self._interims = None, None, None, 0
        self._early = []
        waiter: Waiter[AnswerHead] = Waiter()
        self._waiter = waiter
        if self.closed:
            waiter.fail(AttemptError("bad-answer", "connection closed", True, stale=True))
        else:
            self._unsent = len(head)
            self.transport.write(head)
        return waiter

    def content(self, data: bytes) -> None:
        """Send some of the request's body."""
        if not self.closed:
            raw = chunk(data) if self._chunked else data
            self._unsent += len(raw)
            self.transport.write(raw)

    def content_end(self, trailers: list[Trailer]) -> None:
        """The request's body is whole."""
        self._sent_all = True
        if self._chunked and not self.closed:
            self.transport.write(last_chunk(trailers))

    def content_broken(self, error: WireError) -> None:
        """The client broke off: this exchange cannot be completed."""
        self.fail(error)
        self._cut("the request was broken off")
        self.abort()

    def take_whole(self) -> bytes | None:
        """The answer's body if it is all here and has no trailers; nothing is left to stream then."""
        body = self._decoder
        if body is None or not body.done or body.trailers or self._broken is not None:
            return None
        early, self._early = self._early, []
        return early[0] if len(early) == 1 else b"".join(early)

    def stream(self, sink: BodySink) -> None:
        """Let the answer's body flow to ``sink``, beginning with what has already come."""
        self._sink = sink
        early, self._early = self._early, []
        for piece in early:
            sink.body(piece)
        if self._broken is not None:
            sink.body_cut(self._broken)
        elif self._decoder is not None and self._decoder.done:
            sink.body_end(self._decoder.trailers)
        else:
            self.read(True)

    def become_tunnel(self, tunnel: Tunnel) -> None:
        """Pass bytes through from now on, beginning with what has already come."""
        self._tunnel = tunnel
        early, self._buffer = self._buffer, b""
        if early:
            tunnel.from_upstream(early)
        if self.closed:
            tunnel.upstream_gone()
        else:
            self.read(True)

    def finish(self) -> None:
        """Close after what was written."""
        if self._transport is not None:
            self._transport.close()

    def fail(self, error: AttemptError | WireError) -> None:
        """Give up waiting for the head."""
        if self._waiter is not None:
            self._waiter.fail(error)

    @property
    def waiter(self) -> Waiter[AnswerHead]:
        """Gives the head that is awaited now."""
        assert self._waiter is not None  # noqa: S101
        return self._waiter

    def put_off(self, error: AttemptError) -> None:
        """Let the present waiter fail, but go on waiting for the head with another one."""
        if self._waiter is not None and not self._waiter.done:
            old, self._waiter = self._waiter, Waiter()
            old.fail(error)

    def discard(self) -> None:
        """Close a connection that cannot be used again; what a tunnel still has to send is sent."""
        if self._tunnel is not None:
            self.finish()
        else:
            self.abort()

    def abort(self) -> None:
        """Close at once, unsent bytes included; a body that is not through is cut."""
        self._aborted = True
        super().abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._files.hold()

    def connection_lost(self, exc: Exception | None) -> None:
        self._files.release()
        self.closed = True
        if exc is not None and not self._aborted and self._tunnel is None:
            self._read_rest()
        self.flow(False)
        if self._tunnel is not None:
            self._tunnel.upstream_gone()
        elif self._waiter is not None and not self._waiter.done:
            stale = self.used > 1 and not self._buffer
            self.fail(AttemptError("bad-answer", "connection closed without an answer", stale=stale))
        elif self._decoder is not None and not self._decoder.done:
            self._body_over(exc is None and not self._aborted)

    def _read_rest(self) -> None:
        """Take what came before the connection broke: who refuses a body early answers, and reads no more."""
        number = self.transport.get_extra_info("socket").fileno()
        while not self._aborted and (data := arrived(number)):
            self.data_received(data)

    def eof_received(self) -> bool:
        if self._tunnel is not None:
            self._tunnel.upstream_gone()
        return False

    def pause_writing(self) -> None:
        self.flow(True)

    def resume_writing(self) -> None:
        self.flow(False)

    def data_received(self, data: bytes) -> None:
        self.last_byte = self._clock()
        if self._waiter is not None and not self._waiter.done:
            if not self._buffer and self.transport.get_write_buffer_size() >= self._unsent:
                self._is_untimely()
                return
            self._buffer = self._buffer + data if self._buffer else data
            self._heads()
        elif self._tunnel is not None:
            self._tunnel.from_upstream(data)
        elif self._decoder is not None and not self._decoder.done:
            self._body(data)
        elif self._answer is not None and self._answer.status == SWITCHING:
            self._buffer += data
        else:
            self._broken = UNASKED
            self.abort()

    def _is_untimely(self) -> None:
        """An answer to a request that has not even been sent: not an answer to this one."""
        self.fail(AttemptError("bad-answer", UNASKED, untouched=True, stale=True))
        self._broken = UNASKED
        self.abort()

    def _heads(self) -> None:
        try:
            while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
                answer = self._reader.read(self._buffer[:end], self._method)
                self._buffer = self._buffer[end + 4 :]
                if answer.status >= FINAL or answer.status == SWITCHING:
                    self._final(answer)
                    return
                self._take_interim(answer)
            if len(self._buffer) > MAX_HEAD:
                raise WireError("the answer's head is too large")
        except WireError as exc:
            self.fail(AttemptError("bad-answer", exc.what))
            self.abort()

    def _take_interim(self, answer: AnswerHead) -> None:
        self._interims += 1
        if self._interims > MAX_INTERIM:
            raise WireError("too many interim answers")
        if answer.status != 100:  # noqa: PLR2004
            self.interim(answer)

    def _final(self, answer: AnswerHead) -> None:
        self._answer = answer
        assert self._waiter is not None  # noqa: S101
        if answer.status == SWITCHING:
            self.read(False)
        else:
            rest, self._buffer = self._buffer, b""
            if rest and len(rest) == answer.length:
                self._decoder, self._early = _WHOLE, [rest]
            else:
                self._begin_body(answer, rest)
            if self._broken is not None:
                self.fail(AttemptError("bad-answer", self._broken))
                return
        self._waiter.finish(answer)

    def _begin_body(self, answer: AnswerHead, data: bytes) -> None:
        named = answer.dropped
        decoding = self._decoder = decoder(answer.length, answer.chunked, until_close=True, named=named)
        if data:
            self._body(data)
        if not decoding.done and self._broken is None:
            self.read(False)

    def _body(self, data: bytes) -> None:
        assert self._decoder is not None  # noqa: S101
        try:
            pieces = self._decoder.feed(data)
        except WireError as exc:
            self._cut(exc.what)
            self.abort()
            return
        sink = self._sink
        if sink is None:
            self._early += pieces
            return
        for piece in pieces:
            sink.body(piece)
        if self._decoder.done:
            sink.body_end(self._decoder.trailers)

    def _body_over(self, clean: bool) -> None:
        assert self._decoder is not None  # noqa: S101
        if not (clean and self._decoder.end()):
            self._cut("answer cut short")
        elif self._sink is not None:
            self._sink.body_end([])

    def _cut(self, cause: str) -> None:
        self._broken = cause
        if self._sink is not None:
            sink, self._sink = self._sink, None
            sink.body_cut(cause)
