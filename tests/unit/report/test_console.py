"""Consoles, and text that containers wrote."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msctl.report.console import consoles, harmless
from tests.unit.report.drawing import ESCAPE, console_of

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[1;1Hgone",
    "back\b\b\bspace",
    "over\rwritten",
    "\x9b31mc1",
    "\x00nul\x7f",
    "\x1bP1$r\x1b\\",
)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    left = {c for c in harmless(text) if ord(c) < 32 or 127 <= ord(c) < 160}
    assert left <= {"\n", "\t"}


@pytest.mark.parametrize("text", HOSTILE)
def test_sequences_leave_no_trace(text: str) -> None:
    assert not set(harmless(text)) & set("\x1b\x07\x08\r\x9b\x00\x7f")


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u2028", "\ud800"])
def test_what_misleads_the_eye_is_spelled_out(mark: str) -> None:
    assert harmless(f"a{mark}b") == f"a<U+{ord(mark):04X}>b"


def test_words_and_other_scripts_are_left_alone() -> None:
    assert harmless("naïve 日本語 [bold] {x}\ttab") == "naïve 日本語 [bold] {x}\ttab"


def test_answers_and_messages_go_to_different_streams() -> None:
    found = consoles()
    assert found.messages.stderr
    assert not found.answer.stderr


def test_plain_means_no_escape_even_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = console_of(monkeypatch, terminal=True, plain=True)
    console.print("text", style="bold red")
    assert file.getvalue() == "text\n"
    assert not ESCAPE.search(file.getvalue())
