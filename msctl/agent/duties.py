"""Containers × catalog → what the agent has to do; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msctl import labels
from msctl.agent.prober import Target
from msctl.model.desired import Probe
from msctl.model.external import External
from msctl.model.observed import ObservedContainer
from msctl.model.upkeep import Upkeep, decode, found_spec
from msctl.registry.entries import entry_for, external_entry
from msctl.registry.entry import Entry, FoundEntry
from msctl.registry.reconcile import reconcile_entries

PROBE_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance that belongs into the catalog as soon as it is ready.

    ``incarnation`` tells one life of a container at one address from another.
    """

    entry: Entry
    probe: Probe | None
    incarnation: str


@dataclass(frozen=True, slots=True)
class Duties:
    """Entries to take out of the catalog, and instances to be asked and entered."""

    surplus: tuple[FoundEntry, ...] = ()
    missing: tuple[Candidate, ...] = ()


def upkeep_of(container: ObservedContainer) -> Upkeep:
    """What the container's label says of its upkeep."""
    return decode(container.labels.get(labels.UPKEEP, ""))


def duties(
    project: str,
    containers: Sequence[ObservedContainer],
    found: Sequence[FoundEntry],
    now: float,
    externals: Sequence[Candidate] = (),
) -> Duties:
    """What makes the catalog say what runs; ``now`` is epoch seconds.

    An entry that drains stays as it is until its time is over; then it is entered anew. Instances that
    register themselves are left alone while they run, and what they leave behind is swept.
    """
    running = [c for c in containers if c.state == "running"]
    candidates = {
        c.entry.id: c for c in (*filter(None, (_candidate(project, c) for c in running)), *externals)
    }
    own_masters = [c.name for c in running if upkeep_of(c).self_registers]
    changes = reconcile_entries(
        [candidate.entry for candidate in candidates.values()],
        found,
        project=project,
        self_registered=own_masters,
    )
    missing = {entry.id for entry in changes.to_register} | _overdue(found, now)
    return Duties(
        changes.to_deregister,
        tuple(candidate for entry_id, candidate in candidates.items() if entry_id in missing),
    )


def outside(project: str, found: Iterable[External]) -> tuple[Candidate, ...]:
    """Services that run elsewhere: they are entered unasked, and it is Consul that asks them."""
    return tuple(
        Candidate(external_entry(project, one), None, f"external@{one.host}:{one.port}") for one in found
    )


def question(project: str, container: ObservedContainer) -> Target | None:
    """How a running container is asked whether it is ready; ``None`` if it cannot be asked."""
    spec = found_spec(container, project)
    address = container.addresses.get(labels.project_network(project))
    if spec is None or spec.probe is None or not address:
        return None
    return target_of(container.name, spec.probe, address, spec.probe.port)


def target_of(name: str, asked: Probe, address: str, port: int) -> Target | None:
    """``asked`` as the prober takes it; ``None`` for a command, which only ``up`` runs."""
    if asked.kind == "exec":
        return None
    return Target(name, asked.kind, address, asked.port or port, asked.path, PROBE_TIMEOUT, 0.0)


def still_missing(project: str, entry: Entry, found: Sequence[FoundEntry], now: float) -> bool:
    """Whether ``entry`` has to be entered, seen once more: whoever was quicker is not to be overruled."""
    changes = reconcile_entries([entry], found, project=project)
    return bool(changes.to_register) or entry.id in _overdue(found, now)


def _overdue(found: Sequence[FoundEntry], now: float) -> set[str]:
    return {e.entry.id for e in found if e.drains_until is not None and e.drains_until <= now}


def _candidate(project: str, container: ObservedContainer) -> Candidate | None:
    spec = found_spec(container, project)
    address = container.addresses.get(labels.project_network(project))
    if spec is None or spec.registration is None or not address:
        return None
    entry = entry_for(project, spec, address)
    return None if entry is None else Candidate(entry, spec.probe, f"{container.id}@{address}")
