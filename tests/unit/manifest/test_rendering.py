"""Problems as text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest.rendering import mask, render
from msctl.model.problem import ManifestProblem

Finder = Callable[..., tuple[ManifestProblem, ...]]


def test_the_caret_stands_below_the_mistake() -> None:
    problem = ManifestProblem(
        "msctl.yaml", 14, 7, "services.orders.prot", "unknown key", "did you mean 'port'?", "      prot: 1"
    )
    assert render([problem]).splitlines() == [
        "msctl.yaml:14:7: services.orders.prot: unknown key, did you mean 'port'?",
        "   14 |       prot: 1",
        "      |       ^",
    ]


def test_a_problem_without_a_line_is_one_sentence() -> None:
    assert render([ManifestProblem("msctl.yaml", 1, 1, "", "the file is empty")]) == (
        "msctl.yaml:1:1: the file is empty"
    )


def test_a_long_line_is_cut_around_the_mistake() -> None:
    source = "a" * 5000 + "!" + "b" * 5000
    _, line, caret = render([ManifestProblem("m", 1, 5001, "", "wrong", None, source)]).splitlines()
    assert len(line) < 200
    assert line[caret.index("^")] == "!"


def test_escape_sequences_do_nothing() -> None:
    problem = ManifestProblem("m", 1, 1, "a\x1b[2J", "'\x1b]0;x\x07\u202e' is wrong", None, "a\tb\x1b[31m")
    assert not any(character in render([problem]) for character in "\x1b\x07\t\u202e")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  DB_PASSWORD: hunter2", "  DB_PASSWORD: [REDACTED]"),
        ("  environment: {API_KEY: abc, B: c}", "  environment: {API_KEY: [REDACTED]"),
        ("  url: http://ann:pw@host/x", "  url: http://[REDACTED]@host/x"),
        ("  key: certificates/shop.key", "  key: certificates/shop.key"),
        ("  password:", "  password:"),
        ("  DB_PASSWORD:hunter2", "  DB_PASSWORD:[REDACTED]"),
        ("  DB_PASSWORD hunter2", "  DB_PASSWORD [REDACTED]"),
        ("  scopes: [token:read]", "  scopes: [token:read]"),
    ],
)
def test_what_looks_like_a_secret_is_masked(line: str, shown: str) -> None:
    assert mask(line) == shown


@pytest.mark.parametrize(
    "written",
    [
        "environment: {1A: b, DB_PASSWORD: [hunter2]}",
        "environment: {DB_PASSWORD: hunter2",
        "environment:\n      DB_PASSWORD:hunter2\n      A: b",
        "environment:\n      DB_PASSWORD hunter2\n      A: b",
        "environment:\n      DB_PASSWORD:hunter2",
        "environment: {DB_PASSWORD: 'hunter2}",
        "db_password: hunter2",
        "external: http://ann:hunter2@host",
    ],
)
def test_a_secret_is_never_repeated(written: str, problems: Finder) -> None:
    found = problems(f"project: x\nservices:\n  web:\n    image: nginx\n    {written}\n")
    assert found
    assert all("hunter2" not in str(problem) + str(problem.source) for problem in found)
    assert "hunter2" not in render(found)
