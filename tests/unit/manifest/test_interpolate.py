"""Variables in values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from msctl.manifest.loaded import Loaded
from msctl.manifest.rendering import render
from msctl.model.problem import ManifestProblem

Reader = Callable[..., Loaded]
Finder = Callable[..., tuple[ManifestProblem, ...]]
HEAD = "project: hello\nservices:\n  web:\n    image: nginx\n"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${A}", "alpha"), ("x-${A}-y", "x-alpha-y"), ("${B:-beta}", "beta"), ("${EMPTY:-beta}", "beta"),
        ("${A:-beta}", "alpha"), ("${A:?needed}", "alpha"), ("${B:-}", ""), ("${EMPTY}", ""), ("$$", "$"),
        ("$${A}", "${A}"), ("a$$b$$c", "a$b$c"), ("${A}${A}", "alphaalpha"), ("${B:-a:b/c?d}", "a:b/c?d"),
    ],
)  # fmt: skip
def test_values(written: str, value: str, read: Reader) -> None:
    text = HEAD + f"    environment: {{X: '{written}'}}\n"
    assert read(text, A="alpha", EMPTY="").project.services["web"].environment == {"X": value}


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("${B}", "variable B is not set"), ("${B:?ask Ann}", "variable B is not set: ask Ann"),
        ("${EMPTY:?}", "variable EMPTY is not set"), ("$A", "begins no variable"),
        ("$", "begins no variable"),
        ("${A", "not a variable"), ("${}", "not a variable"), ("${A-b}", "not a variable"),
        ("${1A}", "not a variable"),
        ("${A:+b}", "not a variable"),
    ],
)  # fmt: skip
def test_faults_are_told_at_the_dollar_sign(written: str, what: str, problems: Finder) -> None:
    (found,) = problems(HEAD + f"    environment: {{X: 'abc {written}'}}\n", EMPTY="")
    assert (found.line, found.column) == (5, 27)
    assert what in found.what
    assert found.hint


def test_a_number_from_a_variable_is_a_number(read: Reader) -> None:
    assert read(HEAD + "    port: ${P:-81}\n").project.services["web"].port == 81
    assert read(HEAD + "    port: ${P:-81}\n", P="82").project.services["web"].port == 82


def test_keys_are_left_alone(problems: Finder) -> None:
    (found,) = problems(HEAD + "    ${A}: 1\n", A="port")
    assert found.what == "unknown key"


def test_a_variables_value_is_never_shown(problems: Finder) -> None:
    found = problems(
        HEAD + "    port: ${A}\n    database: ${A}\n    calls: ['${A}']\n    stop_grace: x${A}\n", A="hunter2"
    )
    assert len(found) == 4
    assert "hunter2" not in render(found)


def test_an_unset_variable_hides_no_other_problem(problems: Finder) -> None:
    found = problems(HEAD + "    port: ${UNSET}\n    prot: 1\n")
    assert [problem.line for problem in found] == [5, 6]
