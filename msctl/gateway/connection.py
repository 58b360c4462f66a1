"""What the connections of clients and those to instances have in common."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import cast

WRITE_AHEAD = 256 * 1024
"""Bytes that may wait to be sent before whoever sends them is paused."""

READ_BYTES = 64 * 1024


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

    def reset(self) -> None:
        """Close with a TCP reset: a body that ends with the connection must not seem whole."""
        linger_no_time = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger_no_time
        )
        self.abort()


def arrived(number: int) -> bytes:
    """Some bytes that wait at a socket; none if it has no more."""
    try:
        return os.read(number, READ_BYTES)
    except OSError:
        return b""
