"""Progress on stderr: live, in plain lines, in JSON lines, or not at all."""

from __future__ import annotations

import json

import pytest

from msctl.events import Event, Notice, StepDone, StepFailed, StepProgress, StepStarted
from msctl.report.progress import JsonProgress, LiveProgress, PlainProgress, QuietProgress, renderer
from tests.unit.report.drawing import ESCAPE, console_of

EVENTS: tuple[Event, ...] = (
    StepStarted("shop-orders-1", "await", "must be ready"),
    StepProgress("shop-orders-1", "503 \x1b[31mdatabase away"),
    StepDone("shop-orders-1", "await", 1.25, "200 ok"),
    StepFailed("shop-web-1", "create", 0.5, "no such image\x1b[2J"),
    Notice("warning", "the pull failed; building instead"),
    Notice("info", "nothing to do"),
)


def test_off_a_terminal_each_ended_step_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = console_of(monkeypatch)
    with PlainProgress(console) as sink:
        for event in EVENTS:
            sink.emit(event)
    lines = file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["✓", "✗", "warning:", "nothing"]
    assert "await shop-orders-1" in lines[0]
    assert "1.2 s" in lines[0]
    assert "200 ok" in lines[0]
    assert lines[1] == "✗ create shop-web-1: no such image"
    assert not ESCAPE.search(file.getvalue())


def test_quiet_lets_only_warnings_through(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = console_of(monkeypatch)
    with QuietProgress(console) as sink:
        for event in EVENTS:
            sink.emit(event)
    assert file.getvalue() == "warning: the pull failed; building instead\n"


def test_json_lines_hold_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonProgress() as sink:
        for event in EVENTS:
            sink.emit(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    found = [json.loads(line) for line in captured.err.splitlines()]
    assert [item["event"] for item in found] == [type(event).__name__ for event in EVENTS]
    assert found[2]["seconds"] == 1.25


def test_a_terminal_shows_what_is_under_way_and_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = console_of(monkeypatch, terminal=True)
    with LiveProgress(console, 24) as sink:
        sink.emit(EVENTS[0])
        console.print(sink._frame())
        assert "must be ready" in file.getvalue()
        sink.emit(EVENTS[1])
        console.print(sink._frame())
        assert "503 database away" in file.getvalue()
        sink.emit(EVENTS[2])
        before = file.getvalue()
        console.print(sink._frame())
        assert "database away" not in file.getvalue().removeprefix(before)
    assert "✓ " in file.getvalue()


def test_more_steps_than_lines_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = console_of(monkeypatch, terminal=True)
    with LiveProgress(console, 8) as sink:
        for number in range(10):
            sink.emit(StepStarted(f"shop-web-{number}", "create", ""))
        console.print(sink._frame())
    assert "10 under way and 6 more" in file.getvalue()


def test_the_renderer_fits_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    off, _ = console_of(monkeypatch)
    on, _ = console_of(monkeypatch, terminal=True)
    assert isinstance(renderer(off, quiet=False, as_json=False), PlainProgress)
    assert isinstance(renderer(on, quiet=False, as_json=False), LiveProgress)
    assert isinstance(renderer(on, quiet=True, as_json=False), QuietProgress)
    assert isinstance(renderer(on, quiet=True, as_json=True), JsonProgress)
    dumb, _ = console_of(monkeypatch, terminal=True, kind="dumb")
    assert isinstance(renderer(dumb, quiet=False, as_json=False), PlainProgress)
