"""Use case ``status``: what the engine, the registry and the gateway say, put side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msctl import labels
from msctl.errors import MsctlError
from msctl.model.external import external
from msctl.model.observed import CRASHES_TO_GIVE_UP
from msctl.model.status import (
    CircuitStatus,
    DatabaseStatus,
    InstanceStatus,
    PlatformStatus,
    ServiceStatus,
    StatusReport,
)
from msctl.orchestrator.admin import read_circuits
from msctl.orchestrator.broker_status import read_events, with_events
from msctl.orchestrator.complaints import NO_COMPLAINTS, hear, with_complaints
from msctl.orchestrator.diagnosis import exit_status
from msctl.orchestrator.survey import closer, healthy, survey
from msctl.orchestrator.workspace import Workspace
from msctl.plan.conflicts import other_origin

if TYPE_CHECKING:
    from msctl.engine.port import Engine
    from msctl.model.external import External
    from msctl.model.observed import Observed, ObservedContainer
    from msctl.model.project import Project, Service
    from msctl.model.status import Health
    from msctl.orchestrator.access import Access
    from msctl.orchestrator.complaints import Complaints
    from msctl.orchestrator.survey import Survey
    from msctl.registry.entry import InstanceHealth

_ENTERED_LATER = frozenset({"agent", "metrics"})
"""Roles that ``up`` may return without, since the agent enters them."""


def status(
    engine: Engine,
    access: Access,
    project: Project,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    seen: Survey | None = None,
) -> StatusReport:
    """One consistent reading of ``project``; raises ``EngineUnavailable`` when no engine answers.

    ``seen`` is what was found a moment ago, if it was: then only what it does not tell is asked for.
    """
    with ThreadPoolExecutor(3, thread_name_prefix="status") as pool:
        circuits = pool.submit(circuits_of, access)
        events = pool.submit(read_events, access, project)
        found = closer(engine, seen or survey(engine, access, project.name))
        answer, told = circuits.result(), events.result()
    complaints = hear(engine, project, found)
    return with_events(report(project, found, answer, engine.name, clock(), complaints), told)


def report(
    project: Project,
    found: Survey,
    circuits: Sequence[CircuitStatus] | None,
    engine: str,
    now: datetime,
    complaints: Complaints = NO_COMPLAINTS,
) -> StatusReport:
    """The report, from what was found. Pure."""
    well = healthy(found)
    services = tuple(_service(project, s, found, well) for s in project.services.values())
    platform = _platform(project, found, well)
    gateway = next(p for p in platform if p.role == "gateway")
    return with_complaints(
        StatusReport(
            project=project.name,
            engine=engine,
            gateway_url=project.gateway.public_url,
            gateway_health=gateway.health,
            services=services,
            platform=platform,
            circuits=tuple(circuits or ()),
            notes=tuple(_notes(project, found, circuits)),
        ),
        complaints,
        now,
    )


def circuits_of(access: Access) -> Sequence[CircuitStatus] | None:
    """The gateway's circuits; ``None`` when its admin endpoint does not answer."""
    try:
        return [circuit_status(values) for values in read_circuits(access)]
    except (MsctlError, KeyError, TypeError, ValueError):
        return None  # a gateway that is away, or of another msctl: the report says that it was not read


def circuit_status(values: Mapping[str, Any]) -> CircuitStatus:
    """One circuit as an admin endpoint lists it."""
    retry_at = values.get("retry_at")
    return CircuitStatus(
        caller=values["caller"],
        callee=values["callee"],
        state=values["state"],
        failure_rate=values["failure_rate"],
        calls=values["calls"],
        cause=values.get("cause"),
        retry_at=datetime.fromisoformat(retry_at) if retry_at else None,
    )


def _service(project: Project, service: Service, found: Survey, well: frozenset[str]) -> ServiceStatus:
    elsewhere = external(project.name, service)
    if elsewhere is not None:
        return _external(elsewhere, found.entries)
    wanted = {labels.container(project.name, service.name, n) for n in range(1, service.replicas + 1)}
    running = {
        c.name: c for c in found.observed.containers if c.role == "service" and c.service == service.name
    }
    names = sorted(wanted | set(running), key=lambda name: int(name.rpartition("-")[2]))
    network = labels.project_network(project.name)
    instances = tuple(
        _instance(name, running.get(name), found.entries, network, service.port) for name in names
    )
    return ServiceStatus(
        name=service.name,
        desired=service.replicas,
        ready=sum(i.health in {"pass", "warn"} and i.registered for i in instances),
        image=next((c.image for c in running.values()), service.image or ""),
        instances=instances,
        database=_database(project, service, found.observed, well),
    )


def _external(found: External, entries: Mapping[str, InstanceHealth] | None) -> ServiceStatus:
    """A service that runs elsewhere has one entry and no container."""
    entry = (entries or {}).get(found.id)
    health: Health = "warn" if entries is None else "starting" if entry is None else entry.status
    output = "" if entry is None or entry.status == "pass" else entry.output
    if entry is None:
        output = "the registry does not answer" if entries is None else "not registered"
    place = f"{found.host}:{found.port}"
    instance = InstanceStatus(found.id, place, "external", health, entry is not None, 0, None, output=output)
    ready = int(entry is not None and entry.status in {"pass", "warn"})
    return ServiceStatus(found.service, desired=1, ready=ready, image="", instances=(instance,))


def _instance(
    name: str,
    container: ObservedContainer | None,
    entries: Mapping[str, InstanceHealth] | None,
    network: str,
    port: int,
) -> InstanceStatus:
    if container is None:
        return InstanceStatus(
            name, None, "missing", "fail", False, 0, None, None, "no container; run 'msctl up'"
        )
    entry = (entries or {}).get(name)
    address = container.addresses.get(network)
    health, output = _health(container, entry, registry_answers=entries is not None)
    return InstanceStatus(
        name=name,
        address=f"{address}:{port}" if address else None,
        state=container.state,
        health=health,
        registered=entry is not None,
        restarts=container.restarts,
        started_at=container.started_at,
        exit_code=container.exit_code if container.state != "running" else None,
        output=output,
    )


def _health(
    container: ObservedContainer, entry: InstanceHealth | None, *, registry_answers: bool
) -> tuple[Health, str]:
    failing = entry is None or entry.status == "fail"
    if container.state != "running" or (failing and container.restarts >= CRASHES_TO_GIVE_UP):
        return "fail", _stopped(container)
    if not registry_answers:
        return "warn", "running, but the registry does not answer"
    if entry is None:
        return "starting", "running, not registered"
    if _unasked(entry):
        return entry.status, "not asked by the registry yet"
    return entry.status, "" if entry.status == "pass" else entry.output


def _unasked(entry: InstanceHealth) -> bool:
    """A registry that was restarted takes every check it knew for failed until it has asked."""
    return entry.status == "fail" and not entry.output


def _stopped(container: ObservedContainer) -> str:
    looping = container.restarts >= CRASHES_TO_GIVE_UP
    reason = "out of memory" if container.oom_killed else exit_status(container)
    return (
        f"{'crash looping' if looping else container.state}"
        f"{f' ({reason})' if reason else ''}, {container.restarts} restarts"
    )


def _database(
    project: Project, service: Service, observed: Observed, well: frozenset[str]
) -> DatabaseStatus | None:
    if service.database is None:
        return None
    name = labels.database(project.name, service.name)
    container = observed.container(name)
    state = container.state if container is not None else "missing"
    health: Health = "pass" if name in well else "fail"
    if health == "fail" and state == "running":
        health = "warn"
    return DatabaseStatus(service.database.engine, name, health, state)


def _platform(project: Project, found: Survey, well: frozenset[str]) -> tuple[PlatformStatus, ...]:
    optional = (("auth", project.uses_auth), ("broker", project.uses_broker))
    metrics = ["metrics"] if project.platform.metrics else []
    roles = ["registry", "gateway", *(role for role, used in optional if used), "observer", *metrics, "agent"]
    parts = []
    for role in roles:
        name = labels.container(project.name, role)
        container = found.observed.container(name)
        state = container.state if container is not None else "missing"
        health, output = _platform_health(name, container, found, well)
        parts.append(PlatformStatus(name, role, health, state, output))
    return tuple(parts)


def _platform_health(
    name: str, container: ObservedContainer | None, found: Survey, well: frozenset[str]
) -> tuple[Health, str]:
    if container is None:
        return "fail", "no container; run 'msctl up'"
    if name in well:
        return "pass", ""
    if container.role == "registry":
        return "fail", "does not answer" if container.state == "running" else _stopped(container)
    entry = (found.entries or {}).get(name)
    unknown = entry is None or _unasked(entry)
    crashes = container.restarts >= CRASHES_TO_GIVE_UP
    if container.role in _ENTERED_LATER and container.state == "running" and unknown and not crashes:
        return "warn", f"running, and not {'entered' if entry is None else 'asked by the registry'} yet"
    return _health(container, entry, registry_answers=found.entries is not None)


def _notes(project: Project, found: Survey, circuits: Sequence[CircuitStatus] | None) -> list[str]:
    roles = {c.role for c in found.observed.containers if c.state == "running"}
    notes = []
    foreign = other_origin(found.observed, Workspace.of(project.folder).origin)
    if foreign is not None:
        notes.append(foreign.message)
    if circuits is None and "gateway" in roles:
        notes.append("the gateway's circuits cannot be read: its admin endpoint does not answer")
    if found.entries is None and "service" in roles:
        notes.append("the registry does not answer: health shown is the engine's")
    return notes
