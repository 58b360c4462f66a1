"""One history of commands, health, circuits and repairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from msctl.model.chronicle import Entry
from msctl.observer import history as history_module
from msctl.observer.chronicle import happenings
from msctl.observer.history import History
from msctl.telemetry.loglines.transfer import Batch, Source
from tests.unit.observer.lines import ORDERS, batch

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def entry(second: int, command: str = "up", kind: str = "command") -> Entry:
    return Entry(f"2026-01-02T12:00:{second:02d}Z", command, "done", kind=kind)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path / "h.sqlite")
    yield made
    made.close()


def _told(source: Source, event: str, subject: str) -> Batch:
    return batch(source, json.dumps({"message": f"{subject}: open", "event": event, "subject": subject}))


def test_the_agent_tells_all_and_others_of_their_own_circuits() -> None:
    agent, gateway = Source("a", "shop-agent", "agent"), Source("g", "shop-gateway", "gateway")
    found = happenings(
        [
            _told(agent, "restarted", "shop-web-1"),
            _told(gateway, "circuit", "gateway → orders"),
            _told(ORDERS, "circuit", "orders → web"),
            _told(ORDERS, "circuit", "gateway → orders"),
            _told(ORDERS, "restarted", "shop-web-1"),
            batch(ORDERS, "hello"),
        ]
    )
    assert [(e.command, e.kind) for e in found] == [
        ("shop-web-1", "agent"),
        ("gateway → orders", "circuit"),
        ("orders → web", "circuit"),
    ]


def test_all_kinds_come_in_order_and_one_kind_alone(history: History) -> None:
    history.see({"shop-web-1": ("fail", "refused")}, NOON.replace(second=5))
    assert history.hear([entry(9), entry(1), entry(7, "gateway → web", "circuit")]) == 3
    assert [e.command for e in history.entries()] == ["up", "shop-web-1", "gateway → web", "up"]
    assert [e.why for e in history.entries("health")] == ["was absent: refused"]
    assert [e.command for e in history.entries("circuit")] == ["gateway → web"]
    assert [e.time[-3:] for e in history.entries(count=1)] == ["09Z"]


def test_what_is_told_again_is_known(history: History) -> None:
    assert history.hear([entry(1), entry(2)]) == 2
    last = history.last
    assert history.hear([entry(2), entry(1)]) == 0
    assert history.last == last
    assert history.hear([entry(3)]) == 1
    assert history.last > last


def test_a_flood_of_one_kind_leaves_the_others(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_TOLD", 10)
    history.hear([entry(1)])
    for second in range(30):
        history.hear([entry(second, "shop-web-1", "agent")])
    assert len(history.entries("agent")) == 10
    assert history.entries("agent")[-1] == entry(29, "shop-web-1", "agent")
    assert history.entries("command") == (entry(1),)


def test_it_outlives_the_process(history: History, tmp_path: Path) -> None:
    history.hear([entry(1)])
    again = History(tmp_path / "h.sqlite")
    assert (again.entries(), again.last) == ((entry(1),), history.last)
    again.close()
