"""Where log lines leave the process: a bounded buffer and a thread, so that logging never stops serving."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

MOST_BYTES = 4 * 1024 * 1024
RETRY_SECONDS = 1.0


class LogStream:
    """A text stream over a file descriptor; lines that find the buffer full are dropped and counted.

    A failed write is counted in ``failures`` and tried again after ``retry`` seconds.
    """

    def __init__(self, descriptor: int, most_bytes: int = MOST_BYTES, retry: float = RETRY_SECONDS) -> None:
        self._descriptor = descriptor
        self._most = most_bytes
        self._retry = retry
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self.dropped = 0
        self.failures = 0
        self._thread.start()

    def write(self, text: str) -> None:
        """Take whole lines, or drop them when nobody reads what is written."""
        data = text.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._size + len(data) > self._most:
                self.dropped += max(1, data.count(b"\n"))
                return
            self._pieces.append(data)
            self._size += len(data)
            self._changed.notify()

    def flush(self) -> None:
        """The thread writes without being told."""

    def close(self, seconds: float) -> None:
        """Wait at most ``seconds`` for what is still to be written."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while (piece := self._next()) is not None:
            while piece := self._written(piece):
                pass

    def _next(self) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._closing)
            if not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._size -= len(piece)
            return piece

    def _written(self, piece: bytes) -> bytes:
        """What is left of ``piece`` after one attempt; nothing once the process ends anyway."""
        try:
            return piece[os.write(self._descriptor, piece) :]
        except OSError:
            with self._changed:
                self.failures += 1
                self._changed.wait_for(lambda: self._closing, self._retry)
                return b"" if self._closing else piece


def report(stream: LogStream) -> tuple[tuple[str, str, Callable[[], float]], ...]:
    """Counters of a stream: name, meaning, how to read it."""
    return (
        ("msctl_gateway_log_lines_dropped", "Log lines that nobody took.", lambda: stream.dropped),
        ("msctl_gateway_log_failures", "Writes of log lines that failed.", lambda: stream.failures),
    )
