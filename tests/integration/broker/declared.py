"""The project that the broker tests declare: who publishes and subscribes what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msctl.broker.permissions import rights
from msctl.broker.topology import Topology, topology
from msctl.model.project import Project, Service, Subscription
from msctl.model.secret import Secret

RETRIES = (0.5, 10.0)


def service(name: str, publishes: Iterable[str] = (), subscribes: Iterable[str] = ()) -> Service:
    """A service that speaks through the broker."""
    patterns = tuple(Subscription(pattern) for pattern in subscribes)
    return Service(
        name, build=Path(name), publishes=tuple(publishes), subscribes=patterns, event_retries=RETRIES
    )


def declared(project: str, *more: Service) -> Topology:
    """Topology of a small shop, with retry tiers that tests can wait for; ``more`` adds or replaces."""
    return topology(shop(project, *more))


def shop(project: str, *more: Service) -> Project:
    """The small shop."""
    services = [
        service("orders", ["order.placed"], ["payment.*"]),
        service("payments", ["payment.captured"], ["order.placed"]),
        *more,
    ]
    named = {entry.name: entry for entry in services}
    return Project(project, Path(), "0", named)


def passwords(wanted: Topology, generation: int = 1) -> dict[str, Secret]:
    """A password for each user."""
    return {right.user: Secret(f"{right.user}-secret-{generation}") for right in rights(wanted)}
