"""What the engine and the registry were found to hold, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ContainerState = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]

CRASHES_TO_GIVE_UP = 3
"""Restarts after which a container is called crash-looping, once it was seen with its exit code."""


@dataclass(frozen=True, slots=True)
class ObservedContainer:
    """A container with our project label.

    ``addresses`` maps network names to IPv4 addresses, ``network_ids`` to the ids it was connected to,
    ``ports`` container ports to ``(host address, host port)``. From ``started_at`` on, the fields are filled
    by an inspection only; ``stays_down`` tells that nobody is to start it by himself.
    """

    id: str
    name: str
    role: str
    service: str | None
    instance: int | None
    state: ContainerState
    config_hash: str
    origin: str
    image: str
    image_id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    network_ids: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    stays_down: bool = False


@dataclass(frozen=True, slots=True)
class ObservedNetwork:
    """A network with our project label; ``subnet`` in CIDR form."""

    id: str
    name: str
    subnet: str | None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedVolume:
    """A volume with our project label."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observed:
    """One snapshot of the engine.

    ``foreign_*`` are names (mapped to ids) of objects without our project's label, so that a clash can be
    told before anything is touched; ``neighbours`` maps those of them that belong to another project of
    msctl to its name; ``subnets`` are all IPv4 subnets in use by any network.
    """

    project: str
    containers: tuple[ObservedContainer, ...] = ()
    networks: tuple[ObservedNetwork, ...] = ()
    volumes: tuple[ObservedVolume, ...] = ()
    foreign_containers: Mapping[str, str] = field(default_factory=dict)
    foreign_networks: Mapping[str, str] = field(default_factory=dict)
    foreign_volumes: Mapping[str, str] = field(default_factory=dict)
    neighbours: Mapping[str, str] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()

    def container(self, name: str) -> ObservedContainer | None:
        """Our container of that name."""
        return next((c for c in self.containers if c.name == name), None)
