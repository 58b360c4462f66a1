"""Reading reality once: engine, registry and delivered files, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msctl.errors import EngineError, ObjectMissing, RegistryError
from msctl.plan.situation import Endpoint, Situation

if TYPE_CHECKING:
    from msctl.engine.port import Engine
    from msctl.model.desired import Desired
    from msctl.model.observed import Observed, ObservedContainer
    from msctl.orchestrator.access import Access
    from msctl.orchestrator.delivered import Delivered
    from msctl.registry.entry import InstanceHealth


_INSPECTORS = 8
"""Containers that are inspected at once."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found; ``entries`` is ``None`` while the registry does not answer."""

    observed: Observed
    entries: Mapping[str, InstanceHealth] | None


def survey(engine: Engine, access: Access, project: str) -> Survey:
    """One reading of the engine and, if its container runs, of the registry."""
    with ThreadPoolExecutor(2, thread_name_prefix="survey") as pool:
        entries = pool.submit(registered, access, project)
        observed = engine.observe(project)
        return Survey(observed, entries.result())


def closer(engine: Engine, found: Survey) -> Survey:
    """``found`` with exit codes, restarts and start times of services' instances and of all that is not well.

    A container that is gone meanwhile is left out.
    """
    well = healthy(found)

    def look(container: ObservedContainer) -> ObservedContainer | None:
        if container.role != "service" and container.name in well:
            return container
        return _inspected(engine, container.id)

    with ThreadPoolExecutor(_INSPECTORS, thread_name_prefix="closer") as pool:
        seen = tuple(filter(None, pool.map(look, found.observed.containers)))
    return replace(found, observed=replace(found.observed, containers=seen))


def registered(access: Access, project: str) -> Mapping[str, InstanceHealth] | None:
    """The registry's entries of ``project`` by id; ``None`` when it does not answer."""
    if not access.has_token:
        return None  # what cannot be changed is as good as not known: it is entered anew
    try:
        return {health.id: health for health in access.registry().health(project)}
    except (EngineError, RegistryError):
        access.forget_registry()
        return None


def situation(found: Survey, desired: Desired, delivered: Delivered, images: frozenset[str]) -> Situation:
    """What the planner needs of a survey."""
    registered = None
    if found.entries is not None:
        registered = {i: Endpoint(e.name, e.address, e.port) for i, e in found.entries.items()}
    return Situation(
        observed=found.observed,
        registered=registered,
        digests=_digests(delivered, desired, found.observed),
        images=images,
        healthy=healthy(found),
        passing=frozenset(i for i, e in (found.entries or {}).items() if e.status in {"pass", "warn"}),
    )


def healthy(found: Survey) -> frozenset[str]:
    """Containers known to be ready without asking them.

    Registered ones by their check; a database by the readiness of its service, which includes it;
    the registry by having answered.
    """
    if found.entries is None:
        return frozenset()
    passing = {i for i, e in found.entries.items() if e.status in {"pass", "warn"}}
    running = {c.name: c for c in found.observed.containers if c.state == "running"}
    served = {c.service for c in running.values() if c.role == "service" and c.name in passing}
    return frozenset(
        name
        for name, c in running.items()
        if name in passing or c.role == "registry" or (c.role == "database" and c.service in served)
    )


def _inspected(engine: Engine, name: str) -> ObservedContainer | None:
    try:
        return engine.inspect(name)
    except ObjectMissing:
        return None


def _digests(delivered: Delivered, desired: Desired, observed: Observed) -> Mapping[str, Mapping[str, str]]:
    present = {c.name for c in observed.containers}
    live = {
        spec.name: {file.name for file in spec.secrets if file.live}
        for spec in desired.containers
        if spec.name in present
    }
    return {
        name: {file: digest for file, digest in delivered.digests(name).items() if file in files}
        for name, files in live.items()
        if files
    }
