"""Whatever is written, the answer is a project or problems: never another exception."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msctl.errors import ManifestInvalid
from msctl.manifest.disk import Disk
from msctl.manifest.known import every_key
from msctl.manifest.loading import validate
from msctl.manifest.rendering import render
from msctl.manifest.source import decode
from msctl.model.problem import ManifestProblem

ORDINARY = 1_500
LONG = 100_000
PIECES = (
    "\t", "\n", " ", "  ", ":", ": ", "- ", "[", "]", "{", "}", ",", "#", "&a ", "*a", "!x ",
    "!!str ", "|", ">", "'",
    '"', "%", "@", "`", "?", "? ", "---\n", "...\n", "<<: ", "null", "~", "true", "0x", "1e999",
    ".nan", "9" * 40, "${",
    "${A}", "$$", "${A:-b}", "\\", "\u2028", "\x85", "\ufeff", "é", "😀", "\x00", "-1", "''",
    "project", "services",
    "{rest:path}", "{}", "[]", "50%", "1s", "off", "\r", "\r\n", "x" * 300, "_1", "=", "a.b", "#.*",
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(PIECES)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def survives(data: bytes) -> None:
    """Read it as the command line would, and draw the problems."""
    problems: tuple[ManifestProblem, ...] = ()
    try:
        loaded = validate(decode("msctl.yaml", data), {"A": "alpha"}, Disk(Path("/nonexistent")))
        assert loaded.project.name
    except ManifestInvalid as invalid:
        problems = invalid.problems
        assert problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)
    assert len(render(problems).splitlines()) >= len(problems)


def broken(texts: list[str], count: int, seed: int) -> Iterator[bytes]:
    """Manifests with a few random changes."""
    chance = random.Random(seed)
    for _ in range(count):
        text = chance.choice(texts)
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            text = changed(text, texts, chance)
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        if chance.random() < 0.1 and data:
            data[chance.randrange(len(data))] = chance.randrange(256)
        yield bytes(data)


def changed(text: str, texts: list[str], chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice((0, 0, 1, 1, 2, 5, 20, 80)))
    other = chance.choice(texts)
    piece = chance.randrange(len(other) + 1)
    inserts: tuple[Callable[[], str], ...] = (
        lambda: "",
        lambda: chance.choice(PIECES),
        lambda: chance.choice(string.printable),
        lambda: text[start:end] * 2,
        lambda: other[piece : piece + chance.choice((5, 30, 200))],
    )
    return text[:start] + chance.choice(inserts)() + text[end:]


def test_changed_manifests(manifests: dict[str, str]) -> None:
    for data in broken(list(manifests.values()), ORDINARY, seed=1):
        survives(data)


@pytest.mark.long
def test_very_many_changed_manifests(manifests: dict[str, str]) -> None:
    for data in broken(list(manifests.values()), LONG, seed=2):
        survives(data)


@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    survives(data)


@given(st.text(max_size=200))
def test_text(text: str) -> None:
    survives(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_pieces_of_yaml(pieces: list[str]) -> None:
    survives("".join(pieces).encode())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(path=st.integers(min_value=0), value=VALUES)
def test_any_value_at_any_key(path: int, value: object) -> None:
    survives(planted(path, value).encode("utf-8", "surrogatepass"))


def planted(number: int, value: object) -> str:
    """A manifest in which one key of the models holds ``value``, in flow style."""
    keys = every_key()
    key = keys[number % len(keys)]
    text = flow(value)
    for place in range(len(key) - 1, -1, -1):
        listed = key[place] == "*" and key[place - 1] in ("routes", "subscribes")
        text = f"[{text}]" if listed else f"{{{'web' if key[place] == '*' else key[place]}: {text}}}"
    return text


def flow(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "null" if value is None else str(value).lower()
