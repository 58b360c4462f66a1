"""Collects what every container of the project writes and gives it to the observer, each line once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from msctl.agent.log_reading import Read, Reading, Reads
from msctl.agent.observer_client import ObserverAway, ObserverClient
from msctl.engine.port import Engine, EngineEvent
from msctl.errors import MsctlError
from msctl.model.observed import ObservedContainer
from msctl.telemetry.loglines.grouping import Entry, Grouper
from msctl.telemetry.loglines.redaction import Redactor
from msctl.telemetry.loglines.transfer import Batch, Line, Position, Source, microseconds

LOOK_SECONDS = 10.0
RETRY_SECONDS = 1.0
QUIET_SECONDS = 0.3
"""An entry to which nothing is added for so long is whole."""

PATIENCE_SECONDS = 0.25
"""Lines wait so long for company on their way."""

_COMPANY_LOOK = 0.05

LARGEST_BATCH = 1000
MOST_WAITING = 5000
"""While the observer is away so many lines wait here; the others wait in the engine's files."""

Answer = TypeVar("Answer")
Told = Callable[[str, str, str], None]
_LIFE = frozenset({"start", "die", "destroy", "create", "unpause"})
_CUT = 256 * 1024
_LIVE = frozenset({"running", "restarting", "paused"})


class LogCollector:
    """A duty of the agent. Blocking work is done in threads; ``secrets`` is a JSON file of known ones."""

    def __init__(
        self,
        engine: Engine,
        project: str,
        client: ObserverClient,
        secrets: Path,
        told: Told,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._project = project
        self._client = client
        self._told = told
        self._clock = clock
        self._stop = threading.Event()
        self._reads: Reads = queue.Queue(MOST_WAITING)
        self._readings: dict[str, Reading] = {}
        self._stirred: deque[str] = deque()
        self._outgoing = Outgoing(KnownSecrets(secrets))
        self._reached: dict[tuple[str, str], Position] = {}
        self._look_at = 0.0
        self._trouble: str | None = None

    def heard(self, event: EngineEvent) -> None:
        """A container that lives or dies has something to tell."""
        if event.action in _LIFE:
            self._stirred.append(event.container)
            with contextlib.suppress(queue.Full):
                self._reads.put_nowait(None)

    def trouble(self) -> str | None:
        """Why lines do not get through."""
        return self._trouble

    async def run(self) -> None:
        """Collect until cancelled."""
        try:
            await asyncio.to_thread(self.work)
        finally:
            self.close()

    def close(self) -> None:
        """End ``work`` soon."""
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._reads.put_nowait(None)

    def work(self) -> None:
        """Collect until closed, in this thread."""
        try:
            self._begin()
            while not self._stop.is_set():
                self._turn()
        finally:
            for reading in self._readings.values():
                reading.close()
            self._client.close()

    def _begin(self) -> None:
        """Learn from the observer where to go on, and let it forget what is gone."""
        self._reached = self._patiently(self._client.reach) or {}
        with contextlib.suppress(MsctlError):
            found = self._engine.observe(self._project).containers
            self._patiently(lambda: self._client.living([c.id for c in found]))

    def _turn(self) -> None:
        """Take up newcomers when it is time, gather what was read, send what is due."""
        if self._clock() >= self._look_at or self._stirred:
            self._look()
        self._gather(self._clock() + (PATIENCE_SECONDS if self._outgoing.busy else self._idle_seconds()))
        self._outgoing.settle(self._clock(), quiet=self._reads.empty())
        batches = self._outgoing.batches()
        if batches:
            self._patiently(lambda: self._client.send(batches))
            self._outgoing.sent()

    def _idle_seconds(self) -> float:
        return max(0.0, self._look_at - self._clock())

    def _gather(self, until: float) -> None:
        """Take lines until there are many, or until the time is over; the first ends an idle wait."""
        alone = not self._outgoing.busy
        if not self._take(max(0.0, until - self._clock())):
            return
        if alone:
            until = min(until, self._clock() + PATIENCE_SECONDS)
        self._await_company(until)
        while not self._outgoing.full and self._take(0.0):
            pass

    def _take(self, seconds: float) -> bool:
        """Take the next line, waiting for it so long; false if there was none, or a reason to look up."""
        try:
            read = self._reads.get(timeout=seconds) if seconds else self._reads.get_nowait()
        except queue.Empty:
            return False
        if read is None:
            return False
        self._outgoing.add(read, self._clock())
        return True

    def _await_company(self, until: float) -> None:
        """Sleep until a batch waits or the time is over: each line that wakes somebody costs more for it."""
        while self._reads.qsize() < LARGEST_BATCH:
            left = until - self._clock()
            if left <= 0 or self._stop.wait(min(left, _COMPANY_LOOK)):
                return

    def _look(self) -> None:
        """Read every container that lives, and the rest of one that has just died."""
        stirred = {self._stirred.popleft() for _ in range(len(self._stirred))}
        self._look_at = self._clock() + LOOK_SECONDS
        try:
            containers = self._engine.observe(self._project).containers
        except MsctlError as exc:
            self._trouble = exc.message
            self._look_at = self._clock() + RETRY_SECONDS
            return
        for container in containers:
            self._take_up(container, stirred=container.name in stirred)
        living = {c.id for c in containers}
        for identity in [i for i, r in self._readings.items() if i not in living and not r.active]:
            del self._readings[identity]

    def _take_up(self, container: ObservedContainer, *, stirred: bool) -> None:
        known = self._readings.get(container.id)
        if known is None:
            source = source_of(container)
            reached = {stream: p for (i, stream), p in self._reached.items() if i == container.id}
            known = Reading(self._engine, source, self._reads, reached, self._stop)
            self._readings[container.id] = known
            if container.state != "created":
                known.start()
        elif not known.active and (stirred or container.state in _LIVE or not known.settled):
            known.settled = container.state not in _LIVE
            known.start()

    def _patiently(self, ask: Callable[[], Answer]) -> Answer | None:
        """The answer, as soon as the observer gives one; nothing when told to stop."""
        while not self._stop.is_set():
            try:
                answer = ask()
            except ObserverAway as exc:
                if self._trouble is None:
                    self._told("trouble", "observer", exc.message)
                self._trouble = exc.message
                self._stop.wait(RETRY_SECONDS)
                continue
            if self._trouble is not None:
                self._told("recovered", "observer", "lines get through again")
            self._trouble = None
            return answer
        return None


class Outgoing:
    """Lines on their way: joined, without secrets, by container and in its order."""

    def __init__(self, secrets: KnownSecrets) -> None:
        self._secrets = secrets
        self._groupers: dict[str, Grouper] = {}
        self._ends: dict[tuple[str, str], tuple[Source, Position, float]] = {}
        self._lines: dict[str, tuple[Source, list[tuple[Entry, Position]]]] = {}
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether a batch is large enough."""
        return self._count >= LARGEST_BATCH

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._count or self._ends)

    def add(self, read: Read, now: float) -> None:
        """Take a line."""
        source, line = read.source, read.line
        key = (source.id, line.stream)
        grouper = self._groupers.setdefault(source.id, Grouper())
        before = self._ends.get(key)
        entries = list(grouper.add(line.time, line.stream, line.text))
        if entries and before is not None:
            self._put(source, entries, before[1])
        self._ends[key] = (source, read.position, now)

    def settle(self, now: float, *, quiet: bool) -> None:
        """Entries of streams that were silent for a while are whole, if nothing waits to be taken."""
        if not quiet:
            return
        due = [key for key, (_, _, heard) in self._ends.items() if now - heard >= QUIET_SECONDS]
        for identity, stream in due:
            source, end, _ = self._ends.pop((identity, stream))
            self._put(source, self._groupers[identity].flush(stream), end)

    def batches(self) -> list[Batch]:
        """What is to be sent, without the secrets that are known by now."""
        if not self._count:
            return []
        redact = self._secrets.redactor().redact
        return [
            Batch(
                source,
                [Line(microseconds(e.time), e.stream, redact(_bounded(e.text)), end) for e, end in entries],
            )
            for source, entries in self._lines.values()
        ]

    def sent(self) -> None:
        """It was sent."""
        self._lines.clear()
        self._count = 0

    def _put(self, source: Source, entries: Iterable[Entry], end: Position) -> None:
        _, waiting = self._lines.setdefault(source.id, (source, []))
        for entry in entries:
            waiting.append((entry, end))
            self._count += 1


class KnownSecrets:
    """The redactor for a file of known secrets, made anew when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: float | None = None
        self._redactor = Redactor()

    def redactor(self) -> Redactor:
        """As the file is now; one that is being replaced keeps its last content."""
        with contextlib.suppress(OSError, ValueError):
            stamp = self._path.stat().st_mtime
            if stamp != self._stamp:
                self._redactor = Redactor(str(secret) for secret in json.loads(self._path.read_text()))
                self._stamp = stamp
        return self._redactor


def source_of(container: ObservedContainer) -> Source:
    """Whose lines they are; a database is called after its service."""
    if container.role == "database":
        return Source(container.id, container.name, f"{container.service}-db")
    return Source(container.id, container.name, container.service or container.role, container.instance)


def _bounded(text: str) -> str:
    return text if len(text) <= _CUT else f"{text[:_CUT]}… ({len(text)} characters)"
