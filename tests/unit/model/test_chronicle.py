"""What happened, out of JSON and out of log lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from msctl.model.chronicle import Entry, entry_of, in_order, told_entry

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
UP = Entry("2026-01-02T12:00:00Z", "up", "done", "abc", ("create shop-web-1",), "because", 3)


def test_an_entry_survives_json() -> None:
    assert entry_of(json.loads(json.dumps(asdict(UP)))) == UP
    assert entry_of({"time": UP.time, "command": "stop", "result": "done"}) == Entry(UP.time, "stop", "done")


def test_what_a_later_msctl_adds_is_left_out() -> None:
    assert entry_of({**asdict(UP), "mood": "good"}) == UP


@pytest.mark.parametrize(
    "values",
    [
        None,
        7,
        [],
        {},
        {"time": UP.time, "command": "up"},
        {**asdict(UP), "time": "noon"},
        {**asdict(UP), "time": "2026-01-02T12:00:00"},
        {**asdict(UP), "changed": "x"},
        {**asdict(UP), "deployment": "three"},
    ],
)
def test_nonsense_is_no_entry(values: object) -> None:
    assert entry_of(values) is None


def _line(event: str, subject: str, message: str) -> str:
    return json.dumps({"level": "info", "message": message, "event": event, "subject": subject})


def test_a_circuit_that_turned_says_what_it_is_now() -> None:
    for message in ("web: circuit closed → open", "circuit to web: open"):
        found = told_entry(NOON, _line("circuit", "gateway → web", message))
        assert found is not None
        assert (found.time, found.command, found.result, found.kind) == (
            "2026-01-02T12:00:00.000Z",
            "gateway → web",
            "open",
            "circuit",
        )


def test_what_the_agent_did_says_why() -> None:
    found = told_entry(NOON, _line("restarted", "shop-web-1", "shop-web-1: it did not answer " + "x" * 9999))
    assert found is not None
    assert (found.command, found.result, found.kind) == ("shop-web-1", "restarted", "agent")
    assert found.why.startswith("it did not answer")
    assert len(found.why) == 500


@pytest.mark.parametrize(
    "text", ["", '"event"', '{"event": "circuit"}', _line("other", "a", "b"), '["event"]', '{"event": [1]}']
)
def test_other_lines_tell_nothing(text: str) -> None:
    assert told_entry(NOON, text) is None


def test_everything_is_in_order_and_there_once() -> None:
    later = Entry("2026-01-02T12:00:00.500Z", "shop-web-1", "fail", kind="health")
    elsewhere = Entry("2026-01-02T14:00:01+02:00", "up", "done")
    assert in_order([elsewhere, later], [UP, later]) == (UP, later, elsewhere)
