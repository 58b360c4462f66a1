"""The catalog behind a token: a Consul that lost its data has forgotten every token, the agent's too."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from msctl.agent.member import Catalog
from msctl.errors import RegistryRefused
from msctl.registry.entry import Entry, FoundEntry

BETWEEN_ADMISSIONS = 1.0

Answer = TypeVar("Answer")


class GuardedCatalog:
    """Asks ``inner``; when that is refused, ``admit`` lets everybody in again and it is asked once more.

    At most one admission a second: a token that is refused for good costs little.
    """

    def __init__(
        self, inner: Catalog, admit: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._admit = admit
        self._clock = clock
        self._lock = Lock()
        self._next = clock()

    def entries(self, project: str) -> tuple[FoundEntry, ...]:
        """All entries with the project's owner mark."""
        return self._insist(lambda: self._inner.entries(project))

    def register(self, entry: Entry) -> None:
        """Enter an instance."""
        self._insist(lambda: self._inner.register(entry))

    def deregister(self, entry_id: str) -> None:
        """Remove an entry."""
        self._insist(lambda: self._inner.deregister(entry_id))

    def _insist(self, request: Callable[[], Answer]) -> Answer:
        try:
            return request()
        except RegistryRefused:
            with self._lock:
                if self._clock() < self._next:
                    raise
                self._next = self._clock() + BETWEEN_ADMISSIONS
                self._admit()
            return request()
