"""Waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
BUSY_MACHINE = 60.0


def eventually(
    question: Callable[[], Value],
    timeout: float = BUSY_MACHINE,
    interval: float = 0.05,
    why: Callable[[], object] = lambda: "",
) -> Value:
    """The first true answer; fails with the last one, and ``why``, when none came in ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {timeout:g} s {why()}"
        time.sleep(interval)
