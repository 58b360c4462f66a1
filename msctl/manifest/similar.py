"""Which of some words was meant by one that is not among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

_FARTHEST = 4
_STEM = 3
_MOST_COMPARED = 200


def known(word: str, words: Iterable[str], otherwise: str) -> str:
    """The hint for a name that does not exist: the closest that does."""
    near = closest(word, tuple(words))
    return f"did you mean '{near}'?" if near else otherwise


def closest(word: str, words: Iterable[str]) -> str | None:
    """The most similar of ``words`` if it is similar enough to be meant."""
    folded = _fold(word)
    allowed = min(_FARTHEST, max(1, len(word) // 3))
    best: tuple[int, str] | None = None
    for candidate in islice(_alike(word, words, allowed), _MOST_COMPARED):
        away = 0 if _fold(candidate) == folded else distance(word.lower(), candidate.lower())
        if len(word) >= _STEM and candidate.startswith(word[: max(_STEM, len(word) - 1)]):
            away = min(away, 1)
        if away <= allowed and (best is None or away < best[0]):
            best = (away, candidate)
    return best[1] if best else None


def _alike(word: str, words: Iterable[str], allowed: int) -> Iterator[str]:
    """Words that could be near at a glance; comparing all of a very large manifest would take minutes."""
    head, tail = word[:1].lower(), word[-1:].lower()
    for candidate in words:
        stem = candidate.startswith(word[:_STEM])
        if stem or abs(len(candidate) - len(word)) <= allowed + 1:
            lowered = candidate.lower()
            if stem or lowered[:1] == head or lowered[-1:] == tail or lowered[1:2] == head:
                yield candidate


def distance(one: str, other: str) -> int:
    """Edits between two words: insert, remove, replace, or swap two neighbours."""
    one, other = one[:64], other[:64]
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row, last = row, [i], before
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _fold(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
