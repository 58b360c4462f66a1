"""Parked events in memory: they die with the process, as everything of a service without a database."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from msctl.chassis.parking import Parked

if TYPE_CHECKING:
    from collections.abc import Callable

    from msctl.chassis.cloudevents import Event
    from msctl.chassis.parking import Failure

Lanes: TypeAlias = dict[str, list[Parked]]
"""By key; ``wait`` of each is the moment when it is due."""


class MemoryParking:
    """The port over lanes that outlive the transaction; changes are made at its commit."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._changes: list[Callable[[], None]] = []

    def commit(self) -> None:
        """Make the changes."""
        for change in self._changes:
            change()

    async def occupied(self, key: str) -> bool:
        """Whether any event of ``key`` waits."""
        return key in self._lanes

    async def park(self, key: str, event: Event, body: bytes, failure: Failure | None) -> None:
        """Put ``event`` at the end of its lane, unless it waits there already."""
        tries, cause, wait = (failure.tries, failure.cause, failure.wait) if failure else (0, "", 0.0)
        parked = Parked(event.identity, key, event.identity, body, tries, cause, time.monotonic() + wait)

        def append() -> None:
            lane = self._lanes.setdefault(key, [])
            if all(other.identity != parked.identity for other in lane):
                lane.append(parked)

        self._changes.append(append)

    async def heads(self, limit: int) -> list[Parked]:
        """The first event of each lane."""
        now = time.monotonic()
        heads = sorted((lane[0] for lane in self._lanes.values()), key=lambda parked: parked.wait)
        return [replace(parked, wait=parked.wait - now) for parked in heads[:limit]]

    async def lease(self, parked: Parked, seconds: float) -> bool:
        """Move its time on, if it is due still."""
        head = next(iter(self._lanes.get(parked.key, ())), None)
        now = time.monotonic()
        if head is None or head.identity != parked.identity or head.wait > now:
            return False
        self._lanes[parked.key][0] = replace(head, wait=now + seconds)
        return True

    async def postpone(self, parked: Parked, failure: Failure) -> None:
        """Note a failed try."""
        due = time.monotonic() + failure.wait
        changed = replace(parked, tries=failure.tries, cause=failure.cause, wait=due)
        self._changes.append(lambda: self._lanes[parked.key].__setitem__(0, changed))

    async def remove(self, parked: Parked) -> None:
        """It waits no more."""

        def leave() -> None:
            self._lanes[parked.key].pop(0)
            if not self._lanes[parked.key]:
                del self._lanes[parked.key]

        self._changes.append(leave)
