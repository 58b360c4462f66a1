"""Instances that leave the catalog and come back again and again: how long each return is not trusted."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlapSettings:
    """From ``departures`` within ``window`` seconds on a return waits ``wait`` seconds.

    The wait doubles with each further departure, up to ``wait_limit``.
    """

    departures: int = 3
    window: float = 60.0
    wait: float = 5.0
    wait_limit: float = 60.0


class Flapping:
    """Remembers departures for as long as they count, and nothing else."""

    def __init__(self, settings: FlapSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._departures: dict[Hashable, tuple[float, ...]] = {}

    def left(self, who: Hashable) -> None:
        """``who`` left just now."""
        self._forget()
        self._departures[who] = (*self._departures.get(who, ()), self._clock())

    def wait(self, who: Hashable) -> float:
        """Seconds that ``who``, who comes back now, is kept waiting; 0 for one that does not flap."""
        self._forget()
        beyond = len(self._departures.get(who, ())) - self._settings.departures
        if beyond < 0:
            return 0.0
        return min(self._settings.wait * 2.0 ** min(beyond, 16), self._settings.wait_limit)

    def __len__(self) -> int:
        return sum(len(times) for times in self._departures.values())

    def _forget(self) -> None:
        since = self._clock() - self._settings.window
        recent = {who: tuple(t for t in times if t > since) for who, times in self._departures.items()}
        self._departures = {who: times for who, times in recent.items() if times}
