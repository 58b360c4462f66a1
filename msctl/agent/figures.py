"""How big and how busy databases and broker are, found out in their containers, where no network leads.

Asked only when somebody asks for the agent's metrics, and seldom: each look is a process in a container.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from msctl.agent.queues import Depth, Queues
from msctl.engine.port import Engine
from msctl.errors import MsctlError
from msctl.model.observed import ObservedContainer

KEPT_SECONDS = 60.0
"""How long what was found is good enough."""

FIRST_SECONDS = 10.0
"""How long nothing is looked at first: whatever starts beside the agent has more need of the machine."""

PORTS = frozenset({5432, 3306, 6379, 5672})
_FOLDERS = "/var/lib/postgresql/data /var/lib/mysql /var/lib/rabbitmq /data"
LOOK = (
    "sh",
    "-c",
    f"cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; echo ==; du -sk {_FOLDERS} 2>/dev/null; :",
)
_ASKED = frozenset({"database", "broker"})
_LOOK_TIMEOUT = 10.0
_ESTABLISHED = "01"
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


@dataclass(frozen=True, slots=True)
class Figure:
    """Clients that are connected from outside the container, and bytes of data on disk."""

    connections: int
    size: int


@dataclass(frozen=True, slots=True)
class Found:
    """Everything at one time; databases by service, ``disk`` is free and whole bytes of the engine's."""

    databases: Mapping[str, Figure] = field(default_factory=dict)
    broker: Figure | None = None
    queues: Mapping[str, Depth] = field(default_factory=dict)
    disk: tuple[int, int] = (0, 0)


class Figures(Collector):
    """What was found last, as metrics; ``refresh`` looks again where that is too old."""

    def __init__(
        self,
        engine: Engine,
        project: str,
        queues: Queues | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._project = project
        self._queues = queues
        self._clock = clock
        self._containers: dict[str, Figure] = {}
        self._broker: Figure | None = None
        self._due = clock() + FIRST_SECONDS
        self._lock = asyncio.Lock()
        self.found = Found()

    async def refresh(self) -> None:
        """Look again; what cannot be asked is left out."""
        async with self._lock:
            if self._clock() >= self._due:
                await self._look()
                self._due = self._clock() + KEPT_SECONDS
            depths = {} if self._queues is None else await self._queues.depths()
            disk = await asyncio.to_thread(_disk)
            self.found = Found(dict(self._containers), self._broker, depths, disk)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures as metrics."""
        found = self.found
        data = found.databases
        yield _gauge("msctl_database_connections", "Clients of a database.", _of(data, "connections"))
        yield _gauge("msctl_database_size_bytes", "Data of a database on disk.", _of(data, "size"))
        if found.broker is not None:
            yield GaugeMetricFamily("msctl_broker_connections", "Clients.", value=found.broker.connections)
            yield GaugeMetricFamily("msctl_broker_size_bytes", "Data on disk.", value=found.broker.size)
        messages = GaugeMetricFamily(
            "msctl_queue_messages", "Events that wait, and those given up.", labels=["name", "kind"]
        )
        for name, depth in found.queues.items():
            messages.add_metric([name, "events"], depth.waiting)
            messages.add_metric([name, "dead"], depth.dead)
        yield messages
        consumers = {name: depth.consumers for name, depth in found.queues.items()}
        yield _gauge("msctl_queue_consumers", "Who takes events from the queue.", consumers)
        free, whole = found.disk
        yield GaugeMetricFamily("msctl_disk_free_bytes", "Free where containers live.", value=free)
        yield GaugeMetricFamily("msctl_disk_size_bytes", "Size of the disk where they live.", value=whole)

    async def _look(self) -> None:
        try:
            containers = await asyncio.to_thread(self._engine.containers, self._project)
        except MsctlError:
            return  # the registrar tells of an engine that is away
        asked = [c for c in containers if c.role in _ASKED and c.state == "running"]
        answers = await asyncio.gather(*(asyncio.to_thread(self._ask, c) for c in asked))
        found = [(c, figure) for c, figure in zip(asked, answers, strict=True) if figure is not None]
        self._containers = {c.service or "": figure for c, figure in found if c.role == "database"}
        self._broker = next((figure for c, figure in found if c.role == "broker"), None)

    def _ask(self, container: ObservedContainer) -> Figure | None:
        try:
            return figure_of(self._engine.execute(container.name, LOOK, timeout=_LOOK_TIMEOUT).output)
        except (MsctlError, ValueError):
            return None  # it is just stopping, or its image has none of these words


def figure_of(output: str) -> Figure:
    """What ``LOOK`` printed, understood; raises ``ValueError`` for anything else."""
    table, mark, sizes = output.partition("==\n")
    if not mark:
        raise ValueError("not the answer of the look")
    return Figure(
        sum(map(_is_client, table.splitlines())),
        sum(int(line.split()[0]) for line in sizes.splitlines() if line.strip()) * 1024,
    )


def _is_client(row: str) -> bool:
    """Whether a row of the kernel's table is a connection of somebody outside to the served port."""
    cells = row.split()
    if len(cells) < 4 or not cells[0].endswith(":") or cells[3] != _ESTABLISHED:  # noqa: PLR2004
        return False
    port, peer = cells[1].rpartition(":")[2], cells[2].partition(":")[0]
    return int(port, 16) in PORTS and peer not in _LOOPBACK


def _disk() -> tuple[int, int]:
    """Of the file system that the containers' own files are in, as this container sees it."""
    seen = os.statvfs("/")
    return seen.f_bavail * seen.f_frsize, seen.f_blocks * seen.f_frsize


def _of(figures: Mapping[str, Figure], name: str) -> dict[str, int]:
    return {service: getattr(figure, name) for service, figure in figures.items()}


def _gauge(name: str, meaning: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    made = GaugeMetricFamily(name, meaning, labels=["name"])
    rows: Iterable[tuple[str, int]] = values.items()
    for label, value in rows:
        made.add_metric([label], value)
    return made
