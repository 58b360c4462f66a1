"""The state of a project as ``msctl status`` reports it; ``to_json`` is DESIGN §8, which other tools read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Health = Literal["pass", "warn", "fail", "starting"]
CircuitState = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One instance; ``address`` is ``host:port`` in the project's network, ``output`` why it is not well."""

    name: str
    address: str | None
    state: str
    health: Health
    registered: bool
    restarts: int
    started_at: datetime | None
    exit_code: int | None = None
    output: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """A service's own database."""

    engine: str
    name: str
    health: Health
    state: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One manifest entry; ``ready`` counts instances that are running, registered and passing."""

    name: str
    desired: int
    ready: int
    image: str
    instances: tuple[InstanceStatus, ...] = ()
    database: DatabaseStatus | None = None


@dataclass(frozen=True, slots=True)
class PlatformStatus:
    """One part of the platform."""

    name: str
    role: str
    health: Health
    state: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class CircuitStatus:
    """One circuit; ``failure_rate`` is a ratio, ``retry_at`` when an open one lets calls through again."""

    caller: str
    callee: str
    state: CircuitState
    failure_rate: float
    calls: int
    cause: str | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventStatus:
    """Events of one subscribing service: those that wait, who consumes them, and those it gave up."""

    service: str
    waiting: int
    consumers: int
    dead: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A whole project; ``notes`` are things worth saying that belong to no single part."""

    project: str
    engine: str
    gateway_url: str
    gateway_health: Health
    services: tuple[ServiceStatus, ...] = ()
    platform: tuple[PlatformStatus, ...] = ()
    circuits: tuple[CircuitStatus, ...] = ()
    notes: tuple[str, ...] = ()
    events: tuple[EventStatus, ...] = ()

    @property
    def running(self) -> bool:
        """Whether anything of the project exists on the engine."""
        parts = [i.state for s in self.services for i in s.instances] + [p.state for p in self.platform]
        return any(state not in {"missing", "external"} for state in parts)

    @property
    def healthy(self) -> bool:
        """Whether every part is there and well; ``warn`` is well enough."""
        return (
            all(s.ready >= s.desired for s in self.services)
            and all(s.database.health in {"pass", "warn"} for s in self.services if s.database)
            and all(p.health in {"pass", "warn"} for p in self.platform)
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain values, times in RFC 3339."""
        return {
            "project": self.project,
            "healthy": self.healthy,
            "engine": self.engine,
            "gateway": {"url": self.gateway_url, "health": self.gateway_health},
            "services": [_plain(asdict(s)) for s in self.services],
            "platform": [_plain(asdict(p)) for p in self.platform],
            "circuits": [_plain(asdict(c)) for c in self.circuits],
            "notes": list(self.notes),
            "events": [asdict(e) for e in self.events],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
