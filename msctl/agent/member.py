"""What the agent is made of: members that run side by side, and the small ports they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msctl.engine.port import EngineEvent
from msctl.registry.entry import Entry, FoundEntry


class Member(Protocol):
    """One task of the agent."""

    def heard(self, event: EngineEvent) -> None:
        """Take an event of the engine; called in the event loop, must not block."""

    async def run(self) -> None:
        """Work until cancelled; what is raised ends the process."""

    def trouble(self) -> str | None:
        """What keeps this member from its work just now, for the agent's health."""


class Catalog(Protocol):
    """What the agent asks of Consul; blocking, raises ``RegistryError``."""

    def entries(self, project: str) -> tuple[FoundEntry, ...]:
        """All entries with the project's owner mark."""

    def register(self, entry: Entry) -> None:
        """Enter an instance, passing from the start."""

    def deregister(self, entry_id: str) -> None:
        """Remove an entry; absent is fine."""


Told = Callable[[str, str, str], None]
"""Takes what happened as (event, subject, words); written to the log, where ``msctl history`` finds it."""

Members = Sequence[Member]
