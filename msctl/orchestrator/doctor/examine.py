"""Use case ``doctor``: look at machine, engine and project; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msctl import labels
from msctl.engine.port import Engine, EngineFacts
from msctl.errors import EngineError
from msctl.model.observed import Observed
from msctl.model.project import Project
from msctl.orchestrator.doctor.finding import Finding, well
from msctl.orchestrator.doctor.judging import judge_engine, judge_machine, judge_memory, judge_port
from msctl.orchestrator.doctor.machine import Machine, read_machine
from msctl.orchestrator.workspace import Workspace
from msctl.plan.conflicts import other_origin

Reader = Callable[[Mapping[str, str], tuple[Path, ...], tuple[str, int] | None, str | None], Machine]


def examine(
    connect: Callable[[], Engine],
    project: Project | None,
    environment: Mapping[str, str],
    read: Reader = read_machine,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Finding]:
    """Everything that was looked at, in the order in which it is best mended."""
    facts: EngineFacts | None = None
    findings: list[Finding] = []
    try:
        engine = connect()
        facts = engine.facts()
        findings += judge_engine(facts, clock())
    except EngineError as error:
        findings.append(Finding("engine", "fail", error.message, error.hint))
    folders = [Path(facts.root)] if facts is not None and facts.local and facts.root else []
    folders.append(project.folder if project else Path.cwd())
    address = (project.gateway.bind, project.gateway.port) if project else None
    machine = read(environment, tuple(folders), address, facts.image_registry if facts is not None else None)
    if facts is not None and project is not None:
        findings += _with_project(engine, facts, machine, project)
    return [*findings, *judge_machine(machine)]


def _with_project(
    engine: Engine, facts: EngineFacts, machine: Machine, project: Project
) -> Iterator[Finding]:
    services = project.services.values()
    instances = sum(s.replicas for s in services if s.external is None)
    databases = sum(s.database is not None for s in services)
    observed = engine.observe(project.name)
    if not observed.containers:
        yield judge_memory(facts, machine, instances, databases)
    if facts.local:
        address = f"{project.gateway.bind}:{project.gateway.port}"
        yield judge_port(machine, address, ours=_holds_port(observed, project))
    yield _checkout(observed, project)


def _holds_port(observed: Observed, project: Project) -> bool:
    gateway = observed.container(labels.container(project.name, "gateway"))
    wanted = (project.gateway.bind, project.gateway.port)
    return gateway is not None and wanted in gateway.ports.values()


def _checkout(observed: Observed, project: Project) -> Finding:
    foreign = other_origin(observed, Workspace.of(project.folder).origin)
    if foreign is not None:
        return Finding("project", "warn", foreign.message, foreign.hint)
    state = f"{len(observed.containers)} containers" if observed.containers else "not running"
    return well("project", f"'{project.name}': {state}")
