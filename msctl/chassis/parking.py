"""The port behind which events wait whose key has one that is to be tried again.

An ordered subscription must not handle an event before an earlier one of its key. While one is tried again
its key is a lane in the service's own database: the failed event waits at its head, those that arrive
meanwhile behind it, acknowledged and safe. That survives a killed consumer, and blocks no other key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msctl.chassis.cloudevents import Event


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failed try left: how many there were, why the last failed, seconds before the next."""

    tries: int
    cause: str
    wait: float


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits: the first of its ``key``, ``wait`` seconds (≤ 0: none) before its next try."""

    number: int | str
    key: str
    identity: str
    body: bytes
    tries: int
    cause: str
    wait: float


class Parking(Protocol):
    """Events of ordered subscriptions that wait in the database; each key is a lane of its own."""

    async def occupied(self, key: str) -> bool:
        """Whether any event of ``key`` waits; asked before anything else is done."""

    async def park(self, key: str, event: Event, body: bytes, failure: Failure | None) -> None:
        """Put ``event`` at the end of its lane; ``failure`` is why it waits, if it was tried."""

    async def heads(self, limit: int) -> Sequence[Parked]:
        """The first event of each lane, those that are due longest first."""

    async def lease(self, parked: Parked, seconds: float) -> bool:
        """Keep others from trying it for ``seconds``; false when another was faster or it is gone."""

    async def postpone(self, parked: Parked, failure: Failure) -> None:
        """Note a failed try."""

    async def remove(self, parked: Parked) -> None:
        """It waits no more; the next in its lane is due at once."""
