"""Reading one container's log: what comes alone is followed by a rest, what waits is read without one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

import pytest

from msctl.agent.log_reading import Reading, Reads
from msctl.engine.memory import MemoryEngine
from msctl.engine.port import LogLine
from msctl.telemetry.loglines.transfer import Source

FIRST = datetime(2026, 1, 2, tzinfo=UTC)


class Slow:
    """Lines that come one after the other, ``pause`` seconds apart."""

    def __init__(self, count: int, pause: float) -> None:
        self._lines = self._come(count, pause)

    def _come(self, count: int, pause: float) -> Iterator[LogLine]:
        for number in range(count):
            if pause:
                time.sleep(pause)
            yield LogLine("web", FIRST + timedelta(microseconds=number), "stdout", str(number))

    def __iter__(self) -> Slow:
        return self

    def __next__(self) -> LogLine:
        return next(self._lines)

    def close(self) -> None:
        return None


class Rests(threading.Event):
    """Counts the rests instead of taking them."""

    taken = 0

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self.taken += 1
        return False


def rests(monkeypatch: pytest.MonkeyPatch, lines: Slow) -> tuple[int, list[str]]:
    engine, stop = MemoryEngine(), Rests()

    def logs(*_: Any, **__: Any) -> Slow:
        return lines

    monkeypatch.setattr(engine, "logs", logs)
    reads: Reads = Queue()
    Reading(engine, Source("id", "shop-web-1", "web", 1), reads, {}, stop)._read()
    found = [reads.get_nowait() for _ in range(reads.qsize())]
    return stop.taken, [read.line.text for read in found if read is not None]


def test_lines_that_wait_are_read_without_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, texts = rests(monkeypatch, Slow(1000, 0.0))
    assert texts == [str(number) for number in range(1000)]
    assert taken < 500


def test_a_line_that_came_alone_is_given_on_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, texts = rests(monkeypatch, Slow(5, 0.005))
    assert texts == ["0", "1", "2", "3", "4"]
    assert taken == 5
