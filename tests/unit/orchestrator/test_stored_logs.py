"""Logs of an observer and of the engine as one stream, no line twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Identity
from msctl.model.desired import ContainerSpec
from msctl.orchestrator.logs import logs
from msctl.orchestrator.stored_logs import StoredLogs
from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.record import LogRecord, Wanted, Writer, record_of
from msctl.telemetry.loglines.transfer import Position, microseconds

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)
IDENTITY = Identity("shop", "here")


@dataclass
class Shelf:
    """An observer that keeps records in a list."""

    kept: list[LogRecord] = field(default_factory=list)
    ends: dict[str, dict[str, Position]] = field(default_factory=dict)

    def keep(self, identity: str, container: str, service: str, text: str, second: int) -> None:
        time = BEGIN + timedelta(seconds=second)
        self.kept.append(record_of(Writer(container, service, 1), Entry(time, "stdout", text), text))
        self.ends[identity] = {"stdout": Position(microseconds(time), 0)}

    def reach(self) -> tuple[Mapping[str, Mapping[str, Position]], int]:
        return self.ends, len(self.kept)

    def records(
        self, names: Sequence[str], wanted: Wanted, *, until_id: int, newest: int | None = None
    ) -> Iterator[LogRecord]:
        found = [r for r in self.kept[:until_id] if not names or {r.container, r.service} & set(names)]
        found = [r for r in found if wanted.accepts(r)]
        return iter(found if newest is None else found[-newest:])

    def services(self) -> Mapping[str, Sequence[str]]:
        return {r.service: [r.container] for r in self.kept}


@pytest.fixture
def engine() -> MemoryEngine:
    seconds = count()
    made = MemoryEngine(now=lambda: BEGIN + timedelta(seconds=next(seconds)))
    spec = ContainerSpec("shop-web-1", "service", "i", "i", service="web", instance=1)
    made.create_container(IDENTITY, spec, "h", {})
    made.start_container(IDENTITY, spec.name)
    for text in ("one", "two", "three"):
        made.write_log("shop-web-1", text)
    return made


@pytest.fixture
def stored(engine: MemoryEngine) -> StoredLogs:
    """The first two lines are stored, and one of a container that is gone."""
    shelf = Shelf()
    times = {line.text: line.time for line in engine.logs("shop-web-1")}
    identity = engine.inspect("shop-web-1").id
    shelf.keep("gone", "shop-old-1", "old", "from before", 0)
    for text in ("one", "two"):
        shelf.keep(identity, "shop-web-1", "web", text, int((times[text] - BEGIN).total_seconds()))
    return StoredLogs.of(shelf)


def texts(records: Iterator[LogRecord]) -> list[str]:
    return [record.text for record in records]


def test_the_engine_goes_on_where_the_observer_ends(engine: MemoryEngine, stored: StoredLogs) -> None:
    assert texts(logs(engine, "shop", [], stored=stored)) == ["from before", "one", "two", "three"]
    assert texts(logs(engine, "shop", ["web"], stored=stored)) == ["one", "two", "three"]


def test_what_is_gone_can_be_named(engine: MemoryEngine, stored: StoredLogs) -> None:
    assert texts(logs(engine, "shop", ["old"], stored=stored)) == ["from before"]


def test_the_last_of_each(engine: MemoryEngine, stored: StoredLogs) -> None:
    assert texts(logs(engine, "shop", [], stored=stored, tail=2)) == ["from before", "two", "three"]
    assert texts(logs(engine, "shop", [], stored=stored, tail=0)) == []


def test_following_begins_with_what_is_stored(engine: MemoryEngine, stored: StoredLogs) -> None:
    followed = logs(engine, "shop", [], stored=stored, follow=True)
    assert [r.text for r in islice(followed, 4)] == ["from before", "one", "two", "three"]
    engine.write_log("shop-web-1", "four")
    assert next(followed).text == "four"
    engine.crash("shop-web-1", 0)
