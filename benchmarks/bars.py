"""The bar that a figure's name carries: ``(<= 5)``, ``(< 2)``, ``(0)``."""

from __future__ import annotations

import re

_BAR = re.compile(r"\((<=|<)? ?(\d+(?:\.\d+)?)\)\Z")


def holds(figure: str, value: float) -> bool:
    """Whether ``value`` meets the bar of ``figure``; True where there is none."""
    match = _BAR.search(figure)
    if match is None:
        return True
    bar = float(match[2])
    return value < bar if match[1] == "<" else value <= bar if match[1] == "<=" else value == bar
