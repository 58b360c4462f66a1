"""What a Consul entry is, wanted or found: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from msctl.labels import REGISTRY_META

HealthStatus = Literal["pass", "warn", "fail"]

MINIMUM_DEREGISTER_AFTER = 60.0
"""Consul's own reaping is never the failover, so it must be slow (seconds; also Consul's lower bound)."""

_SEVERITY: Mapping[HealthStatus, int] = {"pass": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True, slots=True)
class Check:
    """How Consul asks an instance: ``target`` is a URL for ``http`` and ``host:port`` for ``tcp``; seconds.

    ``passing`` is the status until the first answer: whoever registers has probed the instance already.
    """

    kind: Literal["http", "tcp"]
    target: str
    interval: float = 2.0
    timeout: float = 1.0
    deregister_after: float = 600.0
    passing: bool = True

    def __post_init__(self) -> None:
        if self.deregister_after < MINIMUM_DEREGISTER_AFTER:
            raise ValueError(f"deregister_after must be at least {MINIMUM_DEREGISTER_AFTER:g} s")


@dataclass(frozen=True, slots=True)
class Entry:
    """One instance in the catalog; ``id`` is its container's name, ``meta`` bears the owner mark."""

    id: str
    name: str
    address: str
    port: int
    meta: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    check: Check | None = None

    @property
    def project(self) -> str | None:
        """The project that owns this entry, ``None`` for a foreign one."""
        return self.meta.get(REGISTRY_META)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's newest status and what the instance answered."""

    id: str
    status: HealthStatus
    output: str


@dataclass(frozen=True, slots=True)
class InstanceHealth:
    """An instance as the catalog shows it: the worst of its checks, with that check's output."""

    id: str
    name: str
    address: str
    port: int
    status: HealthStatus
    output: str


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry as Consul holds it; ``node`` is ``None`` while only the agent knows it.

    ``drains_until`` is set while the instance is taken out of rotation on purpose (epoch seconds).
    """

    entry: Entry
    node: str | None
    checks: tuple[CheckResult, ...] = ()
    drains_until: float | None = None

    @property
    def in_catalog(self) -> bool:
        """Whether consumers can see it."""
        return self.node is not None

    @property
    def health(self) -> InstanceHealth:
        """The entry's health; without checks it passes, as Consul has it."""
        worst = max(self.checks, key=lambda check: _SEVERITY[check.status], default=None)
        entry = self.entry
        status: HealthStatus = worst.status if worst else "pass"
        output = worst.output if worst else ""
        return InstanceHealth(entry.id, entry.name, entry.address, entry.port, status, output)
