"""What the observer has stored, as far as ``logs`` needs it, read at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msctl.telemetry.loglines.counting import Counting
from msctl.telemetry.loglines.record import LogRecord, Wanted
from msctl.telemetry.loglines.transfer import Position


class Library(Protocol):
    """Where records are stored."""

    def reach(self) -> tuple[Mapping[str, Mapping[str, Position]], int]:
        """By container id and stream how far records are stored, and the newest one's id."""

    def records(
        self, names: Sequence[str], wanted: Wanted, *, until_id: int, newest: int | None = None
    ) -> Iterator[LogRecord]:
        """Records up to an id, oldest first, or only the ``newest``."""

    def services(self) -> Mapping[str, Sequence[str]]:
        """Containers of which there are records, by service."""


@dataclass(frozen=True, slots=True)
class StoredLogs:
    """Records up to ``last``; ``reach`` says where the engine goes on. Empty without an observer."""

    library: Library | None = None
    reach: Mapping[str, Mapping[str, Position]] = field(default_factory=dict)
    last: int = 0
    services: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, library: Library) -> StoredLogs:
        """What is stored now."""
        reach, last = library.reach()
        return cls(library, reach, last, library.services())

    def records(self, names: Sequence[str], wanted: Wanted, newest: int | None = None) -> Iterator[LogRecord]:
        """Stored records, oldest first."""
        if self.library is None or not self.last:
            return iter(())
        return self.library.records(names, wanted, until_id=self.last, newest=newest)

    def counting(self, container_id: str) -> Counting:
        """What tells stored lines of a container from those that are not."""
        return Counting(dict(self.reach.get(container_id, {})))

    def knows(self, name: str) -> bool:
        """Whether there are records of a service or container of this name."""
        return name in self.services or any(name in containers for containers in self.services.values())

    def containers(self, names: Sequence[str]) -> set[str]:
        """Names of the containers meant, living or not."""
        return {
            container
            for service, containers in self.services.items()
            for container in containers
            if not names or service in names or container in names
        }
