"""Following the lines of containers that come, go and come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread

from msctl.engine.port import Engine, LogLine, LogLines
from msctl.errors import EngineError
from msctl.model.observed import ObservedContainer

_LOOK_AGAIN = 1.0

Look = Callable[[], Iterable[ObservedContainer]]
"""The containers to follow, as they are now."""


@dataclass(slots=True)
class _Reading:
    """How far one container's log was read: the latest time, and which lines bear it."""

    since: datetime | None
    known: Counter[tuple[str, str]] = field(default_factory=Counter)
    state: str = ""
    thread: Thread | None = None
    lines: LogLines | None = None

    def read(self, line: LogLine) -> None:
        if self.since is None or line.time > self.since:
            self.since = line.time
            self.known.clear()
        if line.time == self.since:
            self.known[line.stream, line.text] += 1

    def fresh(self, lines: Iterable[LogLine]) -> Iterator[LogLine]:
        """``lines`` without those read before: asking since a time gives its own lines again."""
        since, known = self.since, self.known.copy()
        for line in lines:
            mark = (line.stream, line.text)
            if line.time == since and known[mark] > 0:
                known[mark] -= 1
                continue
            yield line


class Follower:
    """Reads each container's log in a thread of its own, and goes on where it ended when it is back.

    A log belongs to a name: a container made anew goes on with the log of the one it replaces.
    """

    def __init__(
        self, engine: Engine, clock: Callable[[], float], *, tail: int | None, since: datetime | None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._tail = tail
        self._since = since
        self._lines: SimpleQueue[LogLine] = SimpleQueue()
        self._readings: dict[str, _Reading] = {}

    def follow(
        self, first: Iterable[ObservedContainer], look: Look, pause: float
    ) -> Iterator[LogLine | None]:
        """Lines as they come, without end, and nothing whenever none came for ``pause`` seconds.

        What ``look`` finds is taken up every second.
        """
        for container in first:
            self._begin(container)
        due = self._clock() + _LOOK_AGAIN
        try:
            while True:
                try:
                    yield self._lines.get(timeout=min(pause, max(0.0, due - self._clock())))
                except Empty:
                    yield None
                if self._clock() >= due:
                    self._look(look())
                    due = self._clock() + _LOOK_AGAIN
        finally:
            for reading in self._readings.values():
                if reading.lines is not None:
                    reading.lines.close()

    def _look(self, found: Iterable[ObservedContainer]) -> None:
        for container in found:
            reading = self._readings.setdefault(container.name, _Reading(None))
            if _to_be_read(reading, container):
                self._start(container, reading, None)

    def _begin(self, container: ObservedContainer) -> None:
        """What was there before the call is bounded by ``tail`` and ``since``, what comes later is not."""
        reading = self._readings[container.name] = _Reading(self._since)
        if self._tail == 0:
            # Read without being shown, so that going on after a restart has a place to go on from.
            with suppress(EngineError):
                for line in self._engine.logs(container.name, tail=1):
                    reading.read(line)
        if _to_be_read(reading, container):
            self._start(container, reading, self._tail or None)

    def _start(self, container: ObservedContainer, reading: _Reading, tail: int | None) -> None:
        reading.state = container.state
        reading.thread = Thread(target=self._pump, args=(container.name, reading, tail), daemon=True)
        reading.thread.start()

    def _pump(self, name: str, reading: _Reading, tail: int | None) -> None:
        with suppress(EngineError):  # the container went away; it is looked for again
            reading.lines = self._engine.logs(name, follow=True, tail=tail, since=reading.since)
            for line in reading.fresh(reading.lines):
                reading.read(line)
                self._lines.put(line)


def _to_be_read(reading: _Reading, container: ObservedContainer) -> bool:
    """Nobody reads it, and there may be something new; the end of one that exited is read once."""
    if reading.thread is not None and reading.thread.is_alive():
        return False
    return container.state in {"running", "restarting"} or (
        container.state == "exited" and reading.state != "exited"
    )
