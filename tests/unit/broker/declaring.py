"""Projects for the broker's unit tests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msctl.model.project import Project, Service, Subscription


def service(
    name: str, publishes: Iterable[str] = (), subscribes: Iterable[str] = (), *, ordered: bool = False
) -> Service:
    """A service that speaks through the broker, or not."""
    patterns = tuple(Subscription(pattern, ordered) for pattern in subscribes)
    return Service(name, build=Path(name), publishes=tuple(publishes), subscribes=patterns)


def project(*services: Service) -> Project:
    """A project of these services."""
    return Project("shop", Path(), "0", {entry.name: entry for entry in services})


SHOP = project(
    service("orders", ["order.placed"], ["payment.*"]),
    service("payments", ["payment.captured", "payment.declined"], ["order.placed"]),
    service("mail", [], ["order.placed", "payment.#"]),
    service("audit", ["audit.done"]),
    service("static"),
)
