"""Reading the logs of containers, each in a thread of its own, from where they were read before."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Queue

from msctl.engine.port import Engine, LogLine, LogLines
from msctl.errors import MsctlError
from msctl.telemetry.loglines.counting import Counting
from msctl.telemetry.loglines.transfer import Position, Source, microseconds

REST_SECONDS = 0.05
"""Lines gather for so long after one that was waited for: to be woken by each costs more than to read it."""

_WAITED = 0.001


@dataclass(frozen=True, slots=True)
class Read:
    """One line, and where it stood in its stream."""

    source: Source
    line: LogLine
    position: Position


Reads = Queue["Read | None"]
"""``None`` only wakes who waits."""


class Reading:
    """One container's log; ``start`` begins again where it ended."""

    def __init__(
        self,
        engine: Engine,
        source: Source,
        reads: Reads,
        reached: Mapping[str, Position],
        stop: threading.Event,
    ) -> None:
        self._engine = engine
        self._source = source
        self._reads = reads
        self._stop = stop
        self._counting = Counting(dict(reached))
        self._thread: threading.Thread | None = None
        self._lines: LogLines | None = None
        self.trouble: str | None = None
        self.settled = False
        """Whether it was read once more after its container had ended: following may miss the last words."""

    @property
    def active(self) -> bool:
        """Whether somebody reads."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Read on, following."""
        self._thread = threading.Thread(target=self._read, name=f"log {self._source.container}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        if self._lines is not None:
            self._lines.close()

    def _read(self) -> None:
        try:
            self._lines = self._engine.logs(self._source.id, follow=True, since=self._counting.since())
            self._counting.begin()
            self.trouble = None
            handled = time.monotonic()
            for line in self._lines:
                waited = time.monotonic() - handled > _WAITED
                position = self._counting.position(line.stream, microseconds(line.time))
                if position is not None:
                    self._reads.put(Read(self._source, line, position))
                if self._stop.is_set() or (waited and self._stop.wait(REST_SECONDS)):
                    return
                handled = time.monotonic()
        except MsctlError as exc:
            self.trouble = exc.message
