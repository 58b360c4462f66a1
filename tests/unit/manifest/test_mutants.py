"""How often one mistake is told in the right line, and with the hint that helps."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from msctl.model.problem import ManifestProblem

Finder = Callable[..., tuple[ManifestProblem, ...]]
FEW = 3


def _mutants() -> Any:
    spec = importlib.util.spec_from_file_location("mutants", Path(__file__).parent / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MUTANTS


MUTANTS: tuple[tuple[str, str, str, str], ...] = _mutants()


def mutated(original: str, written: str, mistake: str) -> tuple[str, int]:
    """The broken text and the number of the line that should be named."""
    assert written in original
    start = original.index(written)
    marked = (
        original[:start]
        + (mistake if "¶" in mistake else _marked(written, mistake))
        + original[start + len(written) :]
    )
    line = marked[: marked.index("¶")].count("\n") + 1
    return marked.replace("¶", ""), line


def _marked(written: str, mistake: str) -> str:
    """Mark the first line that differs."""
    lines = mistake.split("\n")
    pairs = zip(lines, written.split("\n"), strict=False)
    first = next((index for index, (new, old) in enumerate(pairs) if new != old), 0)
    lines[first] = "¶" + lines[first]
    return "\n".join(lines)


def score(
    mutant: tuple[str, str, str, str], manifests: dict[str, str], problems: Finder
) -> tuple[bool, bool]:
    """Whether the line and the hint are right; burying them under other problems is wrong too."""
    name, written, mistake, hint = mutant
    text, line = mutated(manifests[name], written, mistake)
    found = problems(text)
    assert found, f"no problem: {mistake}"
    here = [problem for problem in found if problem.line == line]
    right = bool(here) and len(found) <= FEW
    return right, right and bool(hint) and any(hint in f"{p.what} {p.hint}" for p in here)


def test_enough_mutants_of_all_four_manifests(manifests: dict[str, str]) -> None:
    assert len(MUTANTS) >= 80
    assert {mutant[0] for mutant in MUTANTS} == set(manifests)
    assert len(set(MUTANTS)) == len(MUTANTS)


def test_lines_and_hints_are_right(manifests: dict[str, str], problems: Finder) -> None:
    scores = {mutant: score(mutant, manifests, problems) for mutant in MUTANTS}
    lines = sum(line for line, _ in scores.values()) / len(scores)
    hints = sum(hint for _, hint in scores.values()) / len(scores)
    wrong = "\n".join(
        f"{mutant}: line {line}, hint {hint}" for mutant, (line, hint) in scores.items() if not hint
    )
    assert lines >= 78 / 80, wrong
    assert hints >= 60 / 80, wrong


@pytest.mark.parametrize("name", ["shop", "hello", "bank", "reference"])
def test_removing_any_line_is_never_a_crash(name: str, manifests: dict[str, str], problems: Finder) -> None:
    lines = manifests[name].split("\n")
    for index in range(len(lines)):
        problems("\n".join(lines[:index] + lines[index + 1 :]))
