"""The bar that a figure's name carries: ``(<= 5)``, ``(< 2)``, ``(>= 0.7)``, ``(0)``."""

from __future__ import annotations

import operator
import re
import statistics
from collections.abc import Callable, Mapping, Sequence

_BAR = re.compile(r"\((<=|<|>=)? ?(\d+(?:\.\d+)?)\)\Z")
_HOLDS: Mapping[str | None, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    None: operator.eq,
}


def holds(figure: str, value: float) -> bool:
    """Whether ``value`` meets the bar of ``figure``; True where there is none."""
    match = _BAR.search(figure)
    if match is None:
        return True
    return _HOLDS[match[1]](value, float(match[2]))


def show(figures: Mapping[str, Sequence[float]]) -> int:
    """Print median, least and most of each figure, and whether the median is what its bar wants.

    Returns how many miss theirs.
    """
    missed = 0
    for figure, values in figures.items():
        found = (statistics.median(values), min(values), max(values))
        met = holds(figure, found[0])
        missed += not met
        verdict = "" if _BAR.search(figure) is None else "  held" if met else "  MISSED"
        print(f"  {figure:<50}" + "".join(f"{value:>10.2f}" for value in found) + verdict)
    return missed
