"""How long answers usually take at most: a peak that fades."""

from __future__ import annotations

FADING = 0.95


class PeakLatency:
    """Rises at once to the slowest answer and fades with each faster one; 0 before the first."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Take in how long an answer took."""
        faded = self.seconds * FADING
        self.seconds = max(seconds, faded)
