"""Which line left its place, when the parser stumbles over one that need not be it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise


def indent(text: str) -> int:
    """Leading spaces."""
    return len(text) - len(text.lstrip(" "))


def content_lines(lines: tuple[str, ...]) -> list[int]:
    """Numbers, from 1, of the lines that are neither blank nor comments."""
    return [n for n, text in enumerate(lines, 1) if text.strip() and not text.lstrip().startswith("#")]


def crooked_line(lines: tuple[str, ...], stumble: int) -> int:
    """The line to blame for a wrong indentation that the parser noticed in line ``stumble``."""
    above = [number for number in content_lines(lines) if number < stumble]
    if not above:
        return stumble
    here = indent(lines[stumble - 1])
    step = _step(lines)
    return _neighbour(lines, above, here, step) or _ancestor(lines, above, here, step) or stumble


def _step(lines: tuple[str, ...]) -> int:
    """By how much this file indents, most of the time."""
    depths = [indent(lines[number - 1]) for number in content_lines(lines)]
    steps = Counter(after - before for before, after in pairwise(depths) if after > before)
    return steps.most_common(1)[0][0] if steps else 2


def _neighbour(lines: tuple[str, ...], above: list[int], here: int, step: int) -> int | None:
    """The line above, when the one before it and the stumbling one agree without it."""
    if len(above) == 1:
        return None
    last, before = lines[above[-1] - 1], lines[above[-2] - 1]
    if indent(last) < indent(before) == here:
        return above[-1]
    first_child = before.split(" #")[0].rstrip().endswith(":") and here == indent(before) + step
    return above[-1] if first_child and indent(last) != here else None


def _ancestor(lines: tuple[str, ...], above: list[int], here: int, step: int) -> int | None:
    """The first child of the same parent, or the parent itself, whichever is not where its family is."""
    outer = next(
        (place for place in range(len(above) - 1, -1, -1) if indent(lines[above[place] - 1]) < here), None
    )
    if outer is None:
        return above[0] if indent(lines[above[0] - 1]) > here == 0 else None
    if outer == len(above) - 1:
        return None
    family = [indent(lines[number - 1]) for number in above[outer:]]
    parent, child = family[0], family[1]
    if child - parent != step and child - here == step and family.count(child) > 1:
        return above[outer]
    return above[outer + 1] if here == parent + step and child != here else None
