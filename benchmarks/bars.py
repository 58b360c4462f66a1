"""The bar that a figure's name carries: ``(<= 5)``, ``(< 2)``, ``(0)``."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence

_BAR = re.compile(r"\((<=|<)? ?(\d+(?:\.\d+)?)\)\Z")


def holds(figure: str, value: float) -> bool:
    """Whether ``value`` meets the bar of ``figure``; True where there is none."""
    match = _BAR.search(figure)
    if match is None:
        return True
    bar = float(match[2])
    return value < bar if match[1] == "<" else value <= bar if match[1] == "<=" else value == bar


def show(figures: Mapping[str, Sequence[float]]) -> int:
    """Print median, least and most of each figure; returns how many medians miss their bar."""
    missed = 0
    for figure, values in figures.items():
        found = (statistics.median(values), min(values), max(values))
        met = holds(figure, found[0])
        missed += not met
        print(f"  {figure:<50}" + "".join(f"{value:>10.2f}" for value in found) + ("" if met else "  MISSED"))
    return missed
