"""Telling lines that were read before from new ones, when a log is read again from some time on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msctl.telemetry.loglines.transfer import Position, moment

OVERLAP = timedelta(seconds=60)
"""So much is read again after a pause: two streams may be written in another order than they are stamped."""


@dataclass(slots=True)
class Counting:
    """Positions of the lines of one container: lines of one stream with one stamp are numbered.

    ``reached`` is by stream the position up to which lines were read before.
    """

    reached: dict[str, Position] = field(default_factory=dict)
    _now: dict[str, Position] = field(default_factory=dict)

    def begin(self) -> None:
        """The log is read anew, from ``since`` on."""
        self._now.clear()

    def position(self, stream: str, time: int) -> Position | None:
        """Where the next line of a stream stands; nothing if it was read before."""
        last = self._now.get(stream)
        here = Position(time, last.number + 1 if last is not None and last.time == time else 0)
        self._now[stream] = here
        reached = self.reached.get(stream)
        if reached is not None and here <= reached:
            return None
        self.reached[stream] = here
        return here

    def since(self) -> datetime | None:
        """From when on to read again; nothing when all is new."""
        reached = self.reached.values()
        return moment(max(p.time for p in reached)) - OVERLAP if reached else None
