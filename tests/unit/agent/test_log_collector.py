"""Collecting lines from an engine in memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from msctl.agent import log_collector
from msctl.agent.log_collector import LogCollector
from msctl.agent.observer_client import ObserverAway, ObserverClient
from msctl.engine.memory import MemoryEngine
from msctl.engine.port import EngineEvent, Identity
from msctl.model.desired import ContainerSpec
from msctl.telemetry.loglines.transfer import Batch, Line, Position

IDENTITY = Identity("shop", "here")
SECRET = "correct-horse-battery"


@dataclass
class FakeObserver(ObserverClient):
    """Keeps what it gets, once; refuses for as long as it is ``away``."""

    lines: list[tuple[str, Line]] = field(default_factory=list)
    ends: dict[tuple[str, str], Position] = field(default_factory=dict)
    away: int = 0

    def reach(self) -> dict[tuple[str, str], Position]:
        return dict(self.ends)

    def send(self, batches: Sequence[Batch]) -> None:
        if self.away:
            self.away -= 1
            raise ObserverAway("away")
        for batch in batches:
            for line in batch.lines:
                key = (batch.source.id, line.stream)
                if key not in self.ends or line.end > self.ends[key]:
                    self.ends[key] = line.end
                    self.lines.append((batch.source.service, line))

    def living(self, ids: Sequence[str]) -> None:
        self.ends = {key: end for key, end in self.ends.items() if key[0] in ids}

    def close(self) -> None:
        return None

    @property
    def texts(self) -> list[str]:
        return [line.text for _, line in self.lines]


@pytest.fixture
def engine() -> MemoryEngine:
    made = MemoryEngine()
    for name in ("web", "orders"):
        spec = ContainerSpec(f"shop-{name}-1", "service", "i", "i", service=name, instance=1)
        made.create_container(IDENTITY, spec, "h", {})
        made.start_container(IDENTITY, spec.name)
    return made


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_collector, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(log_collector, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(log_collector, "PATIENCE_SECONDS", 0.02)


@contextmanager
def collecting(
    engine: MemoryEngine, observer: FakeObserver, folder: Path, told: list[str] | None = None
) -> Iterator[LogCollector]:
    secrets = folder / "known_secrets"
    secrets.write_text(json.dumps([SECRET]))
    heard = told if told is not None else []
    collector = LogCollector(engine, "shop", observer, secrets, lambda event, *_: heard.append(event))
    thread = threading.Thread(target=collector.work)
    thread.start()
    try:
        yield collector
    finally:
        collector.close()
        thread.join(60)
        assert not thread.is_alive()


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def event(container: str, action: str) -> EngineEvent:
    return EngineEvent(container, action, datetime.now(UTC), {})


def test_lines_arrive_joined_and_without_secrets(
    engine: MemoryEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_collector, "QUIET_SECONDS", 1.0)
    observer = FakeObserver()
    for text in ("Traceback (most recent call last):", "  File", f"ValueError: {SECRET}"):
        engine.write_log("shop-web-1", text, "stderr")
    with collecting(engine, observer, tmp_path):
        eventually(lambda: len(observer.lines) == 1)
    assert observer.texts == ["Traceback (most recent call last):\n  File\nValueError: [REDACTED]"]


def test_nothing_is_lost_or_doubled_over_restarts_of_the_collector(
    engine: MemoryEngine, tmp_path: Path
) -> None:
    observer = FakeObserver()
    for life in range(5):
        for number in range(40):
            engine.write_log("shop-web-1", f"{life}.{number}")
        with collecting(engine, observer, tmp_path):
            eventually(lambda life=life: len(observer.lines) >= life * 40 + 1)  # type: ignore[misc]
    with collecting(engine, observer, tmp_path):
        eventually(lambda: len(observer.lines) >= 200)
    assert observer.texts == [f"{life}.{number}" for life in range(5) for number in range(40)]


def test_an_observer_that_is_away_is_waited_for(engine: MemoryEngine, tmp_path: Path) -> None:
    observer, told = FakeObserver(away=5), list[str]()
    engine.write_log("shop-web-1", "patient")
    with collecting(engine, observer, tmp_path, told) as collector:
        eventually(lambda: observer.texts == ["patient"])
        eventually(lambda: collector.trouble() is None)
    assert told == ["trouble", "recovered"]


def test_a_container_that_comes_back_goes_on(engine: MemoryEngine, tmp_path: Path) -> None:
    observer = FakeObserver()
    with collecting(engine, observer, tmp_path) as collector:
        engine.write_log("shop-web-1", "one")
        eventually(lambda: observer.texts == ["one"])
        engine.crash("shop-web-1", 1)
        engine.start_container(IDENTITY, "shop-web-1")
        engine.write_log("shop-web-1", "two")
        engine.crash("shop-web-1", 1)
        collector.heard(event("shop-web-1", "die"))
        eventually(lambda: observer.texts == ["one", "two"])


def test_newcomers_are_taken_up_at_once(engine: MemoryEngine, tmp_path: Path) -> None:
    observer = FakeObserver()
    with collecting(engine, observer, tmp_path) as collector:
        spec = ContainerSpec("shop-orders-db", "database", "i", "i", service="orders")
        engine.create_container(IDENTITY, spec, "h", {})
        engine.start_container(IDENTITY, spec.name)
        engine.write_log(spec.name, "ready")
        collector.heard(event(spec.name, "start"))
        eventually(lambda: [(s, line.text) for s, line in observer.lines] == [("orders-db", "ready")])


def test_a_new_list_of_secrets_is_taken_up(engine: MemoryEngine, tmp_path: Path) -> None:
    observer = FakeObserver()
    with collecting(engine, observer, tmp_path):
        (tmp_path / "known_secrets").write_text(json.dumps([SECRET, "another-secret-value"]))
        engine.write_log("shop-web-1", "now another-secret-value")
        eventually(lambda: len(observer.lines) == 1)
    assert observer.texts == ["now [REDACTED]"]
