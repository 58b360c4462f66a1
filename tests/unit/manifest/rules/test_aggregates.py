"""Rules for aggregates."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.manifest.rules.aggregates import find_circle
from msctl.model.problem import ManifestProblem

Finder = Callable[..., tuple[ManifestProblem, ...]]
NAMES = st.sampled_from("abcdef")
WAITS = st.fixed_dictionaries({name: st.lists(NAMES, max_size=3) for name in "abcdef"})


def manifest(*parts: str) -> str:
    lines = "".join(f"        {part}\n" for part in parts)
    head = "project: x\ngateway:\n  routes:\n    - path: /a/{id}\n      aggregate:\n"
    return head + lines + "services: {orders: {image: a}, stock: {image: b}}\n"


@pytest.mark.parametrize(
    ("parts", "line", "what", "hint"),
    [
        (["one: {call: 'GET order:/x'}"], 6, "no service 'order'", "did you mean 'orders'?"),
        (["one: {call: 'GET orders:/x/{di}'}"], 6, "no parameter 'di'", "did you mean 'id'?"),
        (["one: {call: 'GET orders:/x', after: noe}"], 6, "no part 'noe'", "parts: "),
        (["one: {call: 'GET orders:/x', after: one}"], 6, "in a circle: one → one", "parts before"),
        (
            ["one: {call: 'GET orders:/x', after: two}", "two: {call: 'GET orders:/x', after: [one]}"],
            6,
            "in a circle: one → two → one",
            "parts before",
        ),
        (
            ["one: {call: 'GET orders:/x'}", "two: {call: 'GET stock:/{one.sku}'}"],
            7,
            "uses 'one' without waiting",
            "add 'after: one'",
        ),
        (
            ["one: {call: 'GET orders:/x'}", "two: {call: 'GET stock:/{eno.sku}', after: one}"],
            7,
            "no part 'eno'",
            "parts: one",
        ),
        (["one: {call: 'GET orders:/x', fallback: [{a: .nan}]}"], 6, "cannot be said in JSON", "finite"),
        (["one: {cal: 'GET orders:/x'}"], 6, "unknown key", "did you mean 'call'?"),
    ],
)
def test_one_rule_is_broken(parts: list[str], line: int, what: str, hint: str, problems: Finder) -> None:
    found = [problem for problem in problems(manifest(*parts)) if what in problem.what]
    assert [problem.line for problem in found] == [line]
    assert hint in str(found[0].hint)


def test_a_chain_may_use_what_it_waits_for_indirectly(problems: Finder) -> None:
    parts = [
        "one: {call: 'GET orders:/x/{id}'}",
        "two: {call: 'GET stock:/{one.sku}', after: one}",
        "three: {call: 'GET stock:/{one.sku}/{two.items.0.id}', after: [two]}",
    ]
    assert problems(manifest(*parts)) == ()


@given(WAITS)
def test_a_circle_is_found_if_there_is_one(waits: dict[str, list[str]]) -> None:
    reach = {name: set(after) for name, after in waits.items()}
    for _ in waits:
        reach = {name: after.union(*(reach[other] for other in after)) for name, after in reach.items()}
    circle = find_circle(waits)
    assert bool(circle) == any(name in after for name, after in reach.items())
    assert all(after in waits[name] for name, after in pairwise(circle))
    assert not circle or circle[0] == circle[-1]


def test_a_long_chain_is_no_trouble() -> None:
    chain = {f"p{n}": [f"p{n + 1}"] for n in range(2_000)} | {"p2000": []}
    assert find_circle(chain) == []


def test_an_aggregate_has_bounds(problems: Finder) -> None:
    (found,) = problems(manifest(*(f"p{n}: {{call: 'GET orders:/x'}}" for n in range(51))))
    assert (found.what, found.hint) == ("51 calls for one answer", "at most 50")
