"""Use case ``logs``: records of many containers as one stream in the order of their times."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from msctl.engine.port import Engine, LogLine
from msctl.errors import NotRunning, UsageError
from msctl.model.observed import ObservedContainer
from msctl.orchestrator.following import Follower
from msctl.orchestrator.stored_logs import StoredLogs
from msctl.telemetry.loglines.counting import Counting
from msctl.telemetry.loglines.grouping import Entry, Grouper
from msctl.telemetry.loglines.record import LogRecord, Wanted, Writer, record_of
from msctl.telemetry.loglines.redaction import Redactor
from msctl.telemetry.loglines.transfer import microseconds

QUIET = 0.3
"""An entry to which nothing was added for so many seconds is shown while following."""


def logs(
    engine: Engine,
    project: str,
    names: Sequence[str],
    *,
    wanted: Wanted = Wanted(),  # noqa: B008 - frozen
    redactor: Redactor | None = None,
    stored: StoredLogs = StoredLogs(),  # noqa: B008 - frozen
    follow: bool = False,
    tail: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LogRecord]:
    """Records of the named services, roles or containers (all if none is named), oldest first.

    What is ``stored`` is taken from there, also of containers that are gone, and the rest from the engine.
    ``tail`` bounds the records of each container. Following goes on until the caller stops, and takes up
    containers that appear or come back meanwhile.
    """
    here = engine.observe(project).containers
    containers = chosen(here, project, names, stored)
    understand = _Understanding(redactor or Redactor(), clock)
    if follow:
        return _followed(engine, project, names, containers, understand, wanted, tail, stored)
    if tail is not None:
        return _last_of_each(engine, names, containers, understand, wanted, tail, stored)
    streams = [_rest_of_one(engine, c, understand, wanted, stored) for c in containers]
    return heapq.merge(stored.records(names, wanted), *streams, key=lambda record: record.time)


def chosen(
    containers: Sequence[ObservedContainer],
    project: str,
    names: Sequence[str],
    stored: StoredLogs = StoredLogs(),  # noqa: B008 - frozen
) -> list[ObservedContainer]:
    """The containers that ``names`` mean; raises ``UsageError`` for a name that means none and never did."""
    if not containers:
        raise NotRunning(f"project '{project}' has no containers", "start the project with 'msctl up'")
    unknown = [n for n in names if not stored.knows(n) and not any(_matches(c, n) for c in containers)]
    if unknown:
        known = sorted({c.service or c.role for c in containers})
        raise UsageError(f"nothing here is called '{unknown[0]}'", f"there are: {', '.join(known)}")
    return _named(containers, names)


def writer_of(container: ObservedContainer) -> Writer:
    """Who a container's records are by; a database is called after its service."""
    if container.role == "database":
        return Writer(container.name, f"{container.service}-db")
    return Writer(container.name, container.service or container.role, container.instance)


class _Understanding:
    """From lines to records: each container's lines are joined apart from the others'."""

    def __init__(self, redactor: Redactor, clock: Callable[[], float]) -> None:
        self._redactor = redactor
        self.clock = clock
        self._groupers: dict[str, Grouper] = {}
        self._heard: dict[tuple[str, str], float] = {}

    def of(self, writer: Writer, lines: Iterable[LogLine]) -> Iterator[LogRecord]:
        """Records of one container's whole log."""
        grouper = Grouper()
        for line in lines:
            yield from self._records(writer, grouper.add(line.time, line.stream, line.text))
        yield from self._records(writer, grouper.flush())

    def add(self, writer: Writer, line: LogLine) -> Iterator[LogRecord]:
        """Records that are complete now that ``line`` has come."""
        self._heard[writer.container, line.stream] = self.clock()
        grouper = self._groupers.setdefault(writer.container, Grouper())
        return self._records(writer, grouper.add(line.time, line.stream, line.text))

    def quiet(self, writers: dict[str, Writer]) -> Iterator[LogRecord]:
        """Records of streams that have been silent for a while."""
        due = [key for key, heard in self._heard.items() if self.clock() - heard >= QUIET]
        for name, stream in due:
            del self._heard[name, stream]
            yield from self._records(writers[name], self._groupers[name].flush(stream))

    def _records(self, writer: Writer, entries: Iterator[Entry]) -> Iterator[LogRecord]:
        return (record_of(writer, entry, self._redactor.redact(entry.text)) for entry in entries)


def _rest_of_one(
    engine: Engine,
    container: ObservedContainer,
    understand: _Understanding,
    wanted: Wanted,
    stored: StoredLogs,
) -> Iterator[LogRecord]:
    """Records that are not stored."""
    counting = stored.counting(container.id)
    since = max((t for t in (wanted.since, counting.since()) if t is not None), default=None)
    lines = engine.logs(container.name, since=since)
    fresh = (line for line in lines if counting.position(line.stream, microseconds(line.time)) is not None)
    return filter(wanted.accepts, understand.of(writer_of(container), fresh))


def _last_of_each(
    engine: Engine,
    names: Sequence[str],
    containers: Sequence[ObservedContainer],
    understand: _Understanding,
    wanted: Wanted,
    tail: int,
    stored: StoredLogs,
) -> Iterator[LogRecord]:
    found: list[Iterable[LogRecord]] = []
    for container in containers:
        if wanted.selective or wanted.until is not None or container.id in stored.reach:
            before = stored.records([container.name], wanted, newest=tail) if tail else iter(())
            rest = _rest_of_one(engine, container, understand, wanted, stored)
            found.append(deque(chain(before, rest), tail))
        else:
            lines = engine.logs(container.name, tail=tail, since=wanted.since)
            records = filter(wanted.accepts, understand.of(writer_of(container), lines))
            found.append(deque(records, tail))
    gone = stored.containers(names) - {c.name for c in containers} if tail else set()
    found.extend(stored.records([name], wanted, newest=tail) for name in sorted(gone))
    return heapq.merge(*found, key=lambda record: record.time)


def _followed(
    engine: Engine,
    project: str,
    names: Sequence[str],
    containers: Sequence[ObservedContainer],
    understand: _Understanding,
    wanted: Wanted,
    tail: int | None,
    stored: StoredLogs,
) -> Iterator[LogRecord]:
    """What is stored first, then everything else as it comes."""
    writers = {c.name: writer_of(c) for c in containers}
    countings = {c.name: stored.counting(c.id) for c in containers if c.id in stored.reach}

    def look() -> list[ObservedContainer]:
        found = _named(engine.observe(project).containers, names)
        writers.update((c.name, writer_of(c)) for c in found)
        return found

    since = wanted.since
    if countings:
        yield from _before(stored, names, wanted, tail)
        begins = [b for b in (c.since() for c in countings.values()) if b is not None]
        since, tail = max([min(begins), *([since] if since is not None else [])]), None
    follower = Follower(engine, understand.clock, tail=tail, since=since)
    for line in follower.follow(containers, look, pause=QUIET):
        if line is not None and _is_new(countings, line):
            yield from filter(wanted.accepts, understand.add(writers[line.container], line))
        yield from filter(wanted.accepts, understand.quiet(writers))


def _before(
    stored: StoredLogs, names: Sequence[str], wanted: Wanted, tail: int | None
) -> Iterator[LogRecord]:
    if tail is None:
        return stored.records(names, wanted)
    parts = [stored.records([name], wanted, newest=tail) for name in sorted(stored.containers(names)) if tail]
    return heapq.merge(*parts, key=lambda record: record.time)


def _is_new(countings: Mapping[str, Counting], line: LogLine) -> bool:
    counting = countings.get(line.container)
    return counting is None or counting.position(line.stream, microseconds(line.time)) is not None


def _named(containers: Sequence[ObservedContainer], names: Sequence[str]) -> list[ObservedContainer]:
    return [c for c in containers if not names or any(_matches(c, name) for name in names)]


def _matches(container: ObservedContainer, name: str) -> bool:
    if container.role == "database":
        return name in {container.name, f"{container.service}-db"}
    number = f"{container.service}-{container.instance}"
    return name in {container.name, container.service, container.role, number}
