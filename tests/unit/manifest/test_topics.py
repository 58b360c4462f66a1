"""AMQP's topic matching, against the definition written as recursion."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msctl.manifest.topics import matches

WORDS = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=6)
PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "#"]), min_size=1, max_size=6)


def by_definition(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, *tail = pattern
    if head == "#":
        return any(by_definition(tail, words[skip:]) for skip in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and by_definition(tail, words[1:])


@given(PATTERNS, WORDS)
def test_it_agrees_with_the_definition(pattern: list[str], words: list[str]) -> None:
    assert matches(".".join(pattern), ".".join(words)) == by_definition(pattern, words)


def test_a_long_pattern_costs_little() -> None:
    assert not matches(".".join(["#", "a"] * 60), ".".join(["a"] * 59 + ["b"]))
