"""JSON log lines."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from msctl.telemetry.logs import LONGEST_TEXT, JsonLines, configure


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("shop", logging.WARNING, __file__, 1, message, arguments, None)
    vars(made).update(fields)
    return made


def line(made: logging.LogRecord) -> dict[str, object]:
    text = JsonLines({"service": "orders"}, lambda: {"trace_id": "abc"}).format(made)
    loaded: dict[str, object] = json.loads(text)
    return loaded


def test_line_has_time_level_message_identity_and_context() -> None:
    made = line(record("sold %s", "it"))
    assert made["level"] == "warning"
    assert made["message"] == "sold it"
    assert made["service"] == "orders"
    assert made["trace_id"] == "abc"
    assert str(made["time"]).endswith("+00:00")


def test_extra_fields_are_kept() -> None:
    found = line(record("sold", order="7", count=2))
    assert (found["order"], found["count"]) == ("7", 2)


@pytest.mark.parametrize("nasty", ["a\r\nb", "\x1b[31mred", "\u2028", "\ud800"])
def test_nothing_breaks_or_forges_a_line(nasty: str) -> None:
    text = JsonLines({}).format(record(nasty))
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["message"] == nasty


def test_long_text_is_cut_and_its_length_told() -> None:
    message = str(line(record("x" * 100_000))["message"])
    assert len(message) < LONGEST_TEXT + 100
    assert "100000" in message


def test_exception_is_on_the_same_line() -> None:
    made = record("failed")
    try:
        raise ValueError("broken")
    except ValueError:
        made.exc_info = sys.exc_info()
    text = JsonLines({}).format(made)
    assert "\n" not in text
    assert "ValueError: broken" in json.loads(text)["error"]


def test_what_json_cannot_hold_is_shown_as_text() -> None:
    assert line(record("x", thing={1, 2}))["thing"] == "{1, 2}"


@pytest.mark.parametrize(("level", "expected"), [("debug", 2), ("warning", 0), ("nonsense", 1)])
def test_configure_sets_level_and_stream(level: str, expected: int) -> None:
    root = logging.getLogger()
    before, old = list(root.handlers), root.level
    stream = io.StringIO()
    try:
        configure({}, level, stream=stream)
        logging.getLogger("shop").debug("one")
        logging.getLogger("shop").info("two")
    finally:
        root.handlers[:] = before
        root.setLevel(old)
    assert len(stream.getvalue().splitlines()) == expected
