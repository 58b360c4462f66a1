"""The log store: segments, of which the oldest goes when there is no room; bounded, complete, in order."""

from __future__ import annotations

import heapq
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from msctl.observer.search import Question
from msctl.observer.segment import Reach, Segment, remove, select, size_of
from msctl.telemetry.loglines.transfer import Batch, Line, Stored

SEGMENTS = 20
"""In how many parts the room is divided: one of them at most is empty."""

SMALLEST = 256 * 1024
_NAME = re.compile(r"segment-(\d+)\.sqlite\Z")


class LogStore:
    """Lines of a project, at most ``room`` bytes of them in ``folder``; thread-safe."""

    def __init__(self, folder: Path, room: int) -> None:
        self._folder = folder
        self._room = room
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        paths = self._paths()
        self._segment = Segment.open(paths[-1] if paths else self._named(1))
        self._reach: Reach = self._segment.reach()
        self._next_id = max((self._last_id(path) for path in paths[-2:]), default=0) + 1

    @property
    def last_id(self) -> int:
        """The newest line's id."""
        return self._next_id - 1

    @property
    def size(self) -> int:
        """Bytes that all lines take."""
        return sum(map(size_of, self._paths()))

    def reach(self) -> tuple[Reach, int]:
        """How far every container was read, and the newest line's id then."""
        with self._lock:
            return dict(self._reach), self.last_id

    def add(self, batches: Sequence[Batch]) -> int:
        """Store what is not stored yet; returns how many lines. Giving the same again changes nothing."""
        with self._lock:
            reach: Reach = {}
            fresh = [Batch(b.source, list(self._fresh(b, reach))) for b in batches]
            fresh = [batch for batch in fresh if batch.lines]
            if not fresh:
                return 0
            count = self._segment.add(fresh, self._next_id, reach)
            self._next_id += count
            self._reach |= reach
            self._make_room()
            return count

    def forget(self, living: Sequence[str]) -> None:
        """Forget how far containers were read that are gone; their lines stay."""
        with self._lock:
            gone = {i for i, _ in self._reach} - set(living)
            self._reach = {key: position for key, position in self._reach.items() if key[0] not in gone}
            rows = [(identity,) for identity in gone]
            self._segment.connection.executemany("DELETE FROM reach WHERE id = ?", rows)

    def select(self, question: Question, *, newest_first: bool = False) -> Iterator[Stored]:
        """Lines asked for, in the order of (time, id)."""
        parts = [self._part(p, question, newest_first=newest_first) for p in self._paths()]
        sign = -1 if newest_first else 1
        return heapq.merge(*parts, key=lambda line: (sign * line.time, sign * line.id))

    def newest(self, question: Question, count: int) -> list[Stored]:
        """The last ``count`` lines asked for, oldest first.

        Where the index of words is asked, the last that came: it gives those first, however many there are.
        """
        if question.expression is None:
            return list(islice(self.select(question, newest_first=True), count))[::-1]
        found: list[Stored] = []
        for path in reversed(self._paths()):
            found += islice(self._part(path, question, newest_first=True, by_id=True), count - len(found))
            if len(found) >= count:
                break
        return sorted(found, key=lambda line: (line.time, line.id))

    def later(self, question: Question, count: int) -> list[Stored]:
        """The first ``count`` lines with ids above ``question.after``, as they came."""
        found: list[Stored] = []
        for path in self._paths():
            found += islice(self._part(path, question, newest_first=False, by_id=True), count - len(found))
            if len(found) >= count:
                break
        return found

    def services(self) -> dict[str, set[str]]:
        """Containers of which there are lines, by service."""
        found: dict[str, set[str]] = {}
        for path in self._paths():
            with suppress(sqlite3.OperationalError):
                connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                for service, container in connection.execute("SELECT service, container FROM source"):
                    found.setdefault(service, set()).add(container)
                connection.close()
        return found

    def close(self) -> None:
        """Finish writing."""
        with self._lock:
            self._segment.close()

    def _part(
        self, path: Path, question: Question, *, newest_first: bool, by_id: bool = False
    ) -> Iterator[Stored]:
        try:
            for line in select(path, question, newest_first=newest_first, by_id=by_id):
                if _is_wanted(question, line):
                    yield line
        except sqlite3.OperationalError:
            if path.exists():
                raise  # else it was the oldest and has gone meanwhile

    def _fresh(self, batch: Batch, reach: Reach) -> Iterator[Line]:
        for line in batch.lines:
            key = (batch.source.id, line.stream)
            known = reach.get(key) or self._reach.get(key)
            if known is None or line.end > known:
                reach[key] = line.end
                yield line

    def _make_room(self) -> None:
        """A full segment is followed by a new one, and the oldest go while a whole new one would not fit."""
        part = max(SMALLEST, self._room // SEGMENTS)
        if self._segment.size < part:
            return
        reach = self._segment.reach()
        self._segment.close()
        number = int(_NAME.match(self._segment.path.name)[1])  # type: ignore[index]
        self._segment = Segment.open(self._named(number + 1))
        self._segment.begin_with(reach)
        paths = self._paths()
        while len(paths) > 1 and sum(map(size_of, paths)) + part > self._room:
            remove(paths.pop(0))

    def _paths(self) -> list[Path]:
        found = [path for path in self._folder.iterdir() if _NAME.match(path.name)]
        return sorted(found, key=lambda path: int(_NAME.match(path.name)[1]))  # type: ignore[index]

    def _named(self, number: int) -> Path:
        return self._folder / f"segment-{number:06}.sqlite"

    def _last_id(self, path: Path) -> int:
        if path == self._segment.path:
            return self._segment.last_id
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            (found,) = connection.execute("SELECT max(id) FROM line").fetchone()
            return int(found or 0)
        finally:
            connection.close()


def _is_wanted(question: Question, line: Stored) -> bool:
    """What SQL cannot tell: the words exactly, and the trace as the record names it."""
    wanted = question.wanted
    if wanted.words and not wanted.finds(line.text):
        return False
    return wanted.trace is None or (line.record.said.trace_id or "").startswith(wanted.trace)
