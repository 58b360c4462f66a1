"""How long to wait before the next try: exponential with jitter, and never less than half of the step."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait after the n-th failure in a row; ``chance`` draws from [0, 1)."""

    first: float = 1.0
    most: float = 2.0
    chance: Callable[[], float] = random.random

    def delay(self, failures: int) -> float:
        """Seconds before the next try after ``failures`` (≥ 1) failures in a row."""
        step = min(self.most, self.first * 2.0 ** min(failures - 1, 16))
        return step * (0.5 + self.chance() / 2)
