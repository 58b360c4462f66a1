"""A client's request body on its way to an instance, kept for another attempt while it is small."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from msctl.gateway.errand import as_task
from msctl.gateway.wire.body import BodyDecoder, Trailer
from msctl.gateway.wire.fields import WireError

KEPT_BYTES = 64 * 1024
TOO_LARGE = "the body is larger than the route allows"


class BodyConsumer(Protocol):
    """Takes the body of one attempt."""

    def content(self, data: bytes) -> None:
        """Some of the body."""

    def content_end(self, trailers: list[Trailer]) -> None:
        """The body is whole."""

    def content_broken(self, error: WireError) -> None:
        """The client sent no valid body; nothing more will come."""


class RequestBody:
    """Decodes the body, enforces its limit and hands it to whoever is attached, from the start."""

    def __init__(self, decoder: BodyDecoder, flow: Callable[[bool], None]) -> None:
        self._decoder = decoder
        self._flow = flow
        self._kept: list[bytes] | None = []
        self._kept_size = 0
        self._size = 0
        self._consumer: BodyConsumer | None = None
        self._paused = False
        self.wanted: Callable[[], None] = lambda: None
        self._limit: int | None = None
        self.error: WireError | None = None
        self.complete = decoder.done
        self._gathered: asyncio.Future[None] | None = None

    @property
    def replayable(self) -> bool:
        """Whether another attempt can have the body from its start."""
        return self._kept is not None

    @property
    def untouched(self) -> bool:
        """Whether none of the body has come yet."""
        return self._size == 0 and not self.complete

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the client; returns those behind the end of the body."""
        try:
            for piece in self._decoder.feed(data):
                self._take(piece)
        except WireError as exc:
            self.break_off(exc)
            return b""
        if self._decoder.done:
            self.complete = True
            self._wake()
            if self._consumer is not None:
                self._consumer.content_end(self._decoder.trailers)
            return self._decoder.rest
        return b""

    def break_off(self, error: WireError) -> None:
        """Nothing more will come: the body is invalid, too large or too late."""
        self.error = error
        self.complete = True
        self._wake()
        if self._consumer is not None:
            self._consumer.content_broken(error)

    def allow(self, limit: int | None) -> None:
        """Bound the body, what has already come included."""
        self._limit = limit
        if self._is_too_large():
            self.break_off(WireError(TOO_LARGE, 413))

    async def gather(self, seconds: float) -> None:
        """Wait for the whole body, or as much of it as is kept, but no longer than ``seconds``."""
        if self.complete or self._paused:
            return
        await as_task()
        if self.complete or self._paused:
            return
        gathered = self._gathered = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(seconds, self._wake)
        try:
            await gathered
        finally:
            timer.cancel()
            self._gathered = None

    def attach(self, consumer: BodyConsumer) -> None:
        """Send the body to ``consumer``; only while replayable."""
        self._consumer = consumer
        for piece in tuple(self._kept or ()):
            consumer.content(piece)
        self._forget_if_large()
        if self.error is not None:
            consumer.content_broken(self.error)
        elif self.complete:
            consumer.content_end(self._decoder.trailers)
        else:
            self.wanted()
            self.pause(False)

    def detach(self) -> None:
        """The attempt is over; what comes now waits for the next one."""
        self._consumer = None

    def pause(self, paused: bool) -> None:
        """The consumer cannot keep up, or can again."""
        if paused != self._paused and not self.complete:
            self._paused = paused
            self._flow(paused)

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._is_too_large():
            raise WireError(TOO_LARGE, 413)
        if self._kept is not None:
            self._kept.append(piece)
            self._kept_size += len(piece)
        if self._consumer is not None:
            self._consumer.content(piece)
            self._forget_if_large()
        elif self._kept_size > KEPT_BYTES:
            self.pause(True)
            self._wake()

    def _wake(self) -> None:
        if self._gathered is not None and not self._gathered.done():
            self._gathered.set_result(None)

    def _is_too_large(self) -> bool:
        return self._limit is not None and self._size > self._limit

    def _forget_if_large(self) -> None:
        if self._kept_size > KEPT_BYTES:
            self._kept = None
