"""Use case ``logs``: records of many containers as one stream in the order of their times."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from msctl.engine.port import Engine, LogLine
from msctl.errors import NotRunning, UsageError
from msctl.model.observed import ObservedContainer
from msctl.orchestrator.following import Follower
from msctl.telemetry.loglines.grouping import Entry, Grouper
from msctl.telemetry.loglines.record import LogRecord, Wanted, Writer, record_of
from msctl.telemetry.loglines.redaction import Redactor

QUIET = 0.3
"""An entry to which nothing was added for so many seconds is shown while following."""


def logs(
    engine: Engine,
    project: str,
    names: Sequence[str],
    *,
    wanted: Wanted = Wanted(),  # noqa: B008 - frozen
    redactor: Redactor | None = None,
    follow: bool = False,
    tail: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LogRecord]:
    """Records of the named services, roles or containers (all if none is named), oldest first.

    ``tail`` bounds the records of each container. Following goes on until the caller stops, and takes up
    containers that appear or come back meanwhile.
    """
    containers = chosen(engine.observe(project).containers, project, names)
    understand = _Understanding(redactor or Redactor(), clock)
    if follow:
        return _followed(engine, project, names, containers, understand, wanted, tail)
    streams = [_of_one(engine, c, understand, wanted, tail) for c in containers]
    return heapq.merge(*streams, key=lambda record: record.time)


def chosen(
    containers: Sequence[ObservedContainer], project: str, names: Sequence[str]
) -> list[ObservedContainer]:
    """The containers that ``names`` mean; raises ``UsageError`` for a name that means none."""
    if not containers:
        raise NotRunning(f"project '{project}' has no containers", "start it with 'msctl up'")
    unknown = [name for name in names if not any(_matches(c, name) for c in containers)]
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
        self._clock = clock
        self._groupers: dict[str, Grouper] = {}
        self._heard: dict[str, float] = {}

    def of(self, writer: Writer, lines: Iterable[LogLine]) -> Iterator[LogRecord]:
        """Records of one container's whole log."""
        grouper = Grouper()
        for line in lines:
            yield from self._records(writer, grouper.add(line.time, line.stream, line.text))
        yield from self._records(writer, grouper.flush())

    def add(self, writer: Writer, line: LogLine) -> Iterator[LogRecord]:
        """Records that are complete now that ``line`` has come."""
        self._heard[writer.container] = self._clock()
        grouper = self._groupers.setdefault(writer.container, Grouper())
        return self._records(writer, grouper.add(line.time, line.stream, line.text))

    def quiet(self, writers: dict[str, Writer]) -> Iterator[LogRecord]:
        """Records of containers that have been silent for a while."""
        due = [name for name, heard in self._heard.items() if self._clock() - heard >= QUIET]
        for name in due:
            del self._heard[name]
            yield from self._records(writers[name], self._groupers[name].flush())

    def _records(self, writer: Writer, entries: Iterator[Entry]) -> Iterator[LogRecord]:
        return (record_of(writer, entry, self._redactor.redact(entry.text)) for entry in entries)


def _of_one(
    engine: Engine,
    container: ObservedContainer,
    understand: _Understanding,
    wanted: Wanted,
    tail: int | None,
) -> Iterator[LogRecord]:
    """The last records that are wanted are found among all, the last of all by the engine."""
    last = None if wanted.selective or wanted.until is not None else tail
    lines = engine.logs(container.name, tail=last, since=wanted.since)
    records = filter(wanted.accepts, understand.of(writer_of(container), lines))
    return records if tail is None else iter(deque(records, tail))


def _followed(
    engine: Engine,
    project: str,
    names: Sequence[str],
    containers: Sequence[ObservedContainer],
    understand: _Understanding,
    wanted: Wanted,
    tail: int | None,
) -> Iterator[LogRecord]:
    writers = {c.name: writer_of(c) for c in containers}

    def look() -> list[ObservedContainer]:
        found = _named(engine.observe(project).containers, names)
        writers.update((c.name, writer_of(c)) for c in found)
        return found

    follower = Follower(engine, understand._clock, tail=tail, since=wanted.since)
    for line in follower.follow(containers, look, pause=QUIET):
        if line is not None:
            yield from filter(wanted.accepts, understand.add(writers[line.container], line))
        yield from filter(wanted.accepts, understand.quiet(writers))


def _named(containers: Sequence[ObservedContainer], names: Sequence[str]) -> list[ObservedContainer]:
    return [c for c in containers if not names or any(_matches(c, name) for name in names)]


def _matches(container: ObservedContainer, name: str) -> bool:
    if container.role == "database":
        return name in {container.name, f"{container.service}-db"}
    number = f"{container.service}-{container.instance}"
    return name in {container.name, container.service, container.role, number}
