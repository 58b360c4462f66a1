"""How long answers usually take: their mean and how far they stray from it, both fading."""

from __future__ import annotations

NEW_MEAN = 0.125
NEW_DEVIATION = 0.25
"""The weight of the newest answer, as TCP weighs round trips (RFC 6298)."""


class UsualLatency:
    """``seconds`` covers what most answers take; a slow one now and then hardly counts. 0 before any."""

    __slots__ = ("_deviation", "_mean", "seconds")

    def __init__(self) -> None:
        self._mean: float | None = None
        self._deviation = 0.0
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Take in how long an answer took."""
        if self._mean is None:
            self._mean = seconds
        self._deviation += NEW_DEVIATION * (abs(seconds - self._mean) - self._deviation)
        self._mean += NEW_MEAN * (seconds - self._mean)
        self.seconds = self._mean + self._deviation
