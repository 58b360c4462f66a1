"""How fast a client has to send a body."""

from __future__ import annotations

LEAST_RATE = 1024.0
"""Bytes a second; who sends fewer for long is ended, or a handful of bytes could hold a call for hours."""


def next_due(due: float, now: float, size: int, patience: float) -> float:
    """When the next bytes are due: each of ``size`` earns its time, at most ``patience`` seconds of it."""
    return min(due + size / LEAST_RATE, now + patience)
