"""Tables of checks."""

from __future__ import annotations

import io

from rich.console import Console

from msctl.report.findings import checks_view


def test_what_a_stranger_answered_does_nothing_to_a_terminal() -> None:
    shown = io.StringIO()
    found = "answered \x1b[2J\x1b]0;title\x07garbage \u202etxt"
    Console(file=shown, force_terminal=False, width=100).print(checks_view([("fail", "ready", found, None)]))
    assert shown.getvalue().split() == ["✗", "ready", "answered", "garbage", "<U+202E>txt"]
