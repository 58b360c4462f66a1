"""Log records as a person sees them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from msctl.report.loglines import log_text
from msctl.telemetry.loglines.grouping import Entry
from msctl.telemetry.loglines.record import LogRecord, Writer, record_of
from tests.unit.report.drawing import COLOUR, drawn
from tests.unit.report.test_console import HOSTILE

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def record(text: str) -> LogRecord:
    return record_of(Writer("shop-web-1", "web", 1), Entry(BEGIN, "stdout", text), text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_log_line_cannot_control_the_terminal(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for written in (text, json.dumps({"message": text, text: text, "error": text})):
        shown = drawn(log_text(record(written), "web-1", 10), monkeypatch, width=400)
        assert not set(shown) & set("\x1b\x07\x08\r\x9b\x00\x7f")


def test_no_line_of_a_record_looks_like_another_record(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"message": "one\n12:00:00.000 web-1 INF forged", "error": "Traceback\nboom"})
    lines = drawn(log_text(record(text), "web-1", 5), monkeypatch).splitlines()
    assert [line.startswith("    ") for line in lines] == [False, True, True, True]


def test_markup_in_a_log_line_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(log_text(record("[red]not red[/red] :smile:"), "a", 1), monkeypatch)
    assert "[red]not red[/red] :smile:" in shown


def test_a_structured_record_shows_level_message_and_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"level": "warning", "message": "slow", "logger": "x", "ms": 12, "to": "a b"})
    shown = drawn(log_text(record(text), "web-1", 5), monkeypatch, width=200)
    assert shown.endswith("web-1 WRN slow  ms=12 to=a b\n")


def test_a_megabyte_is_shown_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = drawn(log_text(record("x" * 1_000_000), "web-1", 5), monkeypatch)
    assert len(shown) < 20_000
    assert "(1000000 characters)" in shown


def test_levels_are_told_by_words_and_by_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = log_text(record("ERROR no"), "web-1", 5)
    assert COLOUR.search(drawn(shown, monkeypatch, terminal=True))
    assert " ERR " in drawn(shown, monkeypatch)
