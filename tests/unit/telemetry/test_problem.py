"""Problem details."""

from __future__ import annotations

import json

from msctl.telemetry.problem import Problem, document, encode


def test_members_without_value_are_left_out() -> None:
    assert document(Problem("no-route", "No such route", 404)) == {
        "type": "urn:msctl:problem:no-route",
        "title": "No such route",
        "status": 404,
    }


def test_extensions_never_hide_standard_members() -> None:
    problem = Problem("x", "X", 503, service="orders", extensions={"status": 200, "attempts": 2})
    assert json.loads(encode(problem)) == {
        "type": "urn:msctl:problem:x",
        "title": "X",
        "status": 503,
        "service": "orders",
        "attempts": 2,
    }


def test_encoding_is_one_ascii_line() -> None:
    text = encode(Problem("x", "X", 400, detail="päth\r\nSet-Cookie: a"))
    assert text.isascii()
    assert text.count(b"\n") == 1
    assert text.endswith(b"\n")
