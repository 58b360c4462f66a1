"""Errors and failure cards as a person reads them."""

from __future__ import annotations

import pytest

from msctl.errors import BuildFailed, ManifestInvalid, MsctlError, StartFailed
from msctl.model.failure import FailureCard
from msctl.model.problem import ManifestProblem
from msctl.report.cards import show_error, show_warnings
from tests.unit.report.drawing import COLOUR, ESCAPE, console_of

CARD = FailureCard(
    subject="shop-orders-1",
    code="crash-loop",
    what="did not become healthy",
    cause="it exited 3 times with code 1: KeyError: 'X'",
    health_answer="connection refused",
    exit_status="code 1",
    log_lines=("Traceback", "\x1b[31mKeyError: 'X'\x1b[0m\r"),
    blocks=("shop-web-1", "shop-gateway"),
    next_command="msctl logs orders",
)


def test_a_card_tells_everything_the_design_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_error(StartFailed("not healthy", [CARD], "run it again"), monkeypatch)
    for text in (
        "shop-orders-1 did not become healthy [crash-loop]",
        CARD.cause,
        "connection refused",
        "code 1",
        "KeyError: 'X'",
        "shop-web-1, shop-gateway",
        "msctl logs orders",
        "error: not healthy",
        "hint: run it again",
    ):
        assert text in shown
    assert not set(shown) & set("\x1b\r")


def test_the_cause_stands_in_the_first_three_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown_error(StartFailed("not healthy", [CARD]), monkeypatch).splitlines()
    assert any(CARD.cause in line for line in lines[:3])


def test_what_is_not_known_takes_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = FailureCard("shop-orders-1", "engine", "failed: create", "no")
    shown = shown_error(StartFailed("not healthy", [bare]), monkeypatch)
    for label in ("last answer", "exit", "blocks", "last lines", "try next"):
        assert label not in shown


def test_every_problem_of_a_manifest_has_its_line_and_a_mark_under_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = ManifestProblem(
        "msctl.yaml", 3, 5, "services.a.prot", "unknown key", "did you mean 'port'?", "    prot: 80"
    )
    lines = shown_error(ManifestInvalid("2 problems", [problem, problem]), monkeypatch).splitlines()
    told = "msctl.yaml:3:5: error: services.a.prot: unknown key, did you mean 'port'?"
    assert lines.count(told) == 2
    assert lines[2].index("^") == lines[1].index("prot")


def test_a_mark_is_right_behind_tabs(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = ManifestProblem("msctl.yaml", 1, 4, "", "tab", None, "a:\t\tb")
    lines = shown_error(ManifestInvalid("1 problem", [problem]), monkeypatch).splitlines()
    assert lines[2].index("^") - 2 == 3


def test_a_failed_build_shows_its_last_lines_and_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_error(BuildFailed("pip failed", ["\x1b[1mline", "[red]"], "logs/orders.log"), monkeypatch)
    assert "│ line" in shown
    assert "[red]" in shown
    assert "full log: logs/orders.log" in shown


def test_messages_cannot_control_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in shown_error(MsctlError("\x1b[2Jgone", "\x1b]0;x\x07"), monkeypatch)


def test_alike_warnings_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = console_of(monkeypatch)
    said = [ManifestProblem("m.yaml", n, 1, f"services.s{n}.scopes", "no effect yet") for n in (1, 2)]
    show_warnings(console, said)
    assert file.getvalue().count("no effect yet") == 1
    assert "services.s1.scopes (line 1), services.s2.scopes (line 2)" in file.getvalue()


def test_no_color_keeps_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    error = StartFailed("not healthy", [CARD])
    assert COLOUR.search(shown_error(error, monkeypatch, terminal=True))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = shown_error(error, monkeypatch, terminal=True)
    assert not COLOUR.search(shown)
    assert CARD.cause in ESCAPE.sub("", shown)


def shown_error(error: MsctlError, monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False) -> str:
    console, file = console_of(monkeypatch, terminal=terminal)
    show_error(console, error)
    return file.getvalue()
