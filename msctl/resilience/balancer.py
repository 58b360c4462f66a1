"""Which of several instances gets the next call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msctl.resilience.endpoints import Endpoint

Balance = Literal["least_requests", "round_robin", "weighted"]
Choose = Callable[[Sequence[Endpoint]], Endpoint]
"""Picks one of at least one candidate."""


def balancer(balance: Balance, dice: Callable[[], float]) -> Choose:
    """The chooser that ``balance`` names; ``dice`` gives numbers in [0, 1)."""
    if balance == "round_robin":
        return RoundRobin()
    if balance == "weighted":
        return smooth_weighted
    return LeastOutstanding(dice)


class LeastOutstanding:
    """The less busy of two different random candidates."""

    def __init__(self, dice: Callable[[], float]) -> None:
        self._dice = dice

    def __call__(self, candidates: Sequence[Endpoint]) -> Endpoint:
        count = len(candidates)
        if count == 1:
            return candidates[0]
        first = int(self._dice() * count)
        second = (first + 1 + int(self._dice() * (count - 1))) % count
        one, other = candidates[first], candidates[second]
        return one if one.outstanding <= other.outstanding else other


class RoundRobin:
    """Each candidate in turn."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, candidates: Sequence[Endpoint]) -> Endpoint:
        chosen = candidates[self._next % len(candidates)]
        self._next += 1
        return chosen


def smooth_weighted(candidates: Sequence[Endpoint]) -> Endpoint:
    """In proportion to weights, without runs: each turn everyone earns, the richest pays for all."""
    total = 0
    for endpoint in candidates:
        endpoint.credit += endpoint.address.weight
        total += endpoint.address.weight
    chosen = max(candidates, key=lambda e: e.credit)
    chosen.credit -= total
    return chosen
