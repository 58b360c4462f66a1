"""Events as a person sees them: harmless, whoever wrote them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from msctl.broker.messages import Message, cloud_event, dead_letter
from msctl.model.status import EventStatus
from msctl.orchestrator.events import ServiceQueues
from msctl.report.events import dead_groups_view, dead_list_view, dead_view, event_line, queues_view
from msctl.report.status import status_view
from tests.unit.report.drawing import drawn
from tests.unit.report.reports import healthy

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
QUEUES = ServiceQueues("orders", True, True, 3, 2, 1, 4, 2, 12.0, NOW - timedelta(minutes=3))
HOSTILE = "\x1b[31mred\x1b[0m\x1b]0;title\x07\u202ereversed\r\x9b2J\x00<b>"


def test_a_service_is_one_row_with_all_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(queues_view([QUEUES], NOW), monkeypatch)
    row = next(line for line in shown.splitlines() if line.startswith("orders"))
    assert row.split() == ["orders", "3", "2", "1", "✗", "4", "2", "12", "3m"]
    assert "4 dead letters: msctl events dead" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_what_was_not_told_and_who_consumes_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    left = replace(QUEUES, declared=False, ordered=False, in_hand=None, dead=0, consumers=0, oldest=None)
    shown = drawn(queues_view([left], NOW), monkeypatch)
    assert "– " in shown
    assert "✗ none" in shown
    assert "not told" in shown
    assert "subscribes to nothing any more" in shown


def test_hostile_events_are_harmless_text(monkeypatch: pytest.MonkeyPatch) -> None:
    event = cloud_event(
        HOSTILE, {"a": HOSTILE, "b": "x" * 1_000_000}, source=HOSTILE, event_id=HOSTILE, now=NOW
    )
    letter = dead_letter("orders", replace(event, headers={"x-msctl-cause": HOSTILE, HOSTILE: HOSTILE}))
    junk = dead_letter("orders", Message("k", HOSTILE.encode() + b"\xff" * 10))
    for view in (
        event_line(event), event_line(junk.message), dead_groups_view([letter, junk]),
        dead_list_view([letter, junk]), dead_view(letter), dead_view(junk),
    ):  # fmt: skip
        shown = drawn(view, monkeypatch, width=200)
        assert not set(shown) & {"\x1b", "\x07", "\r", "\x00", "\x9b", "\u202e"}
        assert len(shown) < 150_000


def test_a_line_tells_when_what_who_and_data(monkeypatch: pytest.MonkeyPatch) -> None:
    event = cloud_event("order.placed", {"order": "ö-1"}, source="/shop/orders", event_id="id-1", now=NOW)
    shown = drawn(event_line(event), monkeypatch, width=200)
    assert 'order.placed /shop/orders id-1 {"order": "ö-1"}' in shown
    odd = Message("x", json.dumps({"id": "1", "time": "yesterday", "data": None}).encode())
    assert "--:--:--.---" in drawn(event_line(odd), monkeypatch)


def test_dead_letters_are_counted_by_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [dead_letter("orders", Message("a.b", b"", {"x-msctl-cause": cause})) for cause in ("x", "x", "y")]
    rows = [line.split() for line in drawn(dead_groups_view(made), monkeypatch).splitlines()]
    assert ["orders", "a.b", "2", "x"] in rows
    assert drawn(dead_groups_view([]), monkeypatch).strip() == "no dead letters"
    assert drawn(dead_list_view([]), monkeypatch).strip() == "no dead letters"


def test_the_status_tells_dead_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    report = replace(healthy(), events=(EventStatus("orders", 0, 2, 3), EventStatus("web", 0, 1, 0)))
    shown = drawn(status_view(report, NOW), monkeypatch)
    assert "dead letters: 3 of orders (msctl events dead)" in shown
    assert report.to_json()["events"][0] == {"service": "orders", "waiting": 0, "consumers": 2, "dead": 3}
    assert "dead letters" not in drawn(status_view(healthy(), NOW), monkeypatch)
