"""What the connections of clients and those to instances have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

WRITE_AHEAD = 256 * 1024
"""Bytes that may wait to be sent before whoever sends them is paused."""


def ignore(_: object) -> None:
    """Nobody wants to know."""


class Connection(asyncio.Protocol):
    """A socket that is read only when asked to; ``flow`` is told when the other side reads too slowly."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._reading = True
        self.closed = False
        self.flow: Callable[[bool], None] = ignore

    @property
    def transport(self) -> asyncio.Transport:
        """The live transport."""
        assert self._transport is not None  # noqa: S101
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(WRITE_AHEAD)

    def write(self, data: bytes) -> None:
        """Send bytes unless the other side is gone."""
        if not self.closed and self._transport is not None:
            self._transport.write(data)

    def read(self, reading: bool) -> None:
        """Stop or resume reading."""
        if reading == self._reading or self.closed or self.transport.is_closing():
            return
        self._reading = reading
        if reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def abort(self) -> None:
        """Close at once, unsent bytes included."""
        if self._transport is not None:
            self._transport.abort()
