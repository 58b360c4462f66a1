"""Ports for servers that are started later."""

from __future__ import annotations

import contextlib
import random
import socket

_LOWEST, _HIGHEST = 20_000, 30_000


def free_port() -> int:
    """A port of the loopback that nobody listens on, below those that systems and engines give away."""
    while True:
        port = random.randrange(_LOWEST, _HIGHEST)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
