"""Use case ``conformance``: gather the evidence of one instance, then judge it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from msctl.engine.port import Engine, Identity
from msctl.errors import ContainerDown, NotRunning, ObjectMissing, UsageError
from msctl.manifest.similar import known
from msctl.model.project import Project, Service
from msctl.model.status import InstanceStatus
from msctl.orchestrator.access import Access
from msctl.orchestrator.conformance import container_checks, gathering, http_checks, platform_checks
from msctl.orchestrator.conformance.bearing import tokens
from msctl.orchestrator.conformance.disturbing import queue_of, stopping
from msctl.orchestrator.conformance.evidence import Evidence
from msctl.orchestrator.conformance.questions import own_path, questions
from msctl.orchestrator.conformance.verdict import Check, Verdict
from msctl.orchestrator.status import status
from msctl.orchestrator.workspace import Workspace

CHECKS: tuple[Check, ...] = (*http_checks.CHECKS, *container_checks.CHECKS, *platform_checks.CHECKS)


@dataclass(frozen=True, slots=True)
class Exam:
    """How far the exam goes: ``events`` publishes one twice, ``stop`` ends an instance."""

    events: bool = False
    stop: bool = False


def examine(
    engine: Engine, access: Access, project: Project, name: str, exam: Exam, known_secrets: frozenset[str]
) -> list[Verdict]:
    """The verdicts on one running instance of the service ``name``."""
    service = _service(project, name)
    instance = _instance(engine, access, project, name)
    try:
        evidence = _gather(engine, access, project, service, instance, exam, known_secrets)
    except (ObjectMissing, ContainerDown) as exc:
        raise NotRunning(
            f"the exam of {instance.name} was cut short: {exc.message}",
            "'msctl status' shows what runs; begin the exam anew once it does",
        ) from exc
    return judged(evidence)


def judged(evidence: Evidence, checks: Sequence[Check] = CHECKS) -> list[Verdict]:
    """Every check's verdict. Pure."""
    return [check.verdict(evidence) for check in checks]


def _service(project: Project, name: str) -> Service:
    if name not in project.services:
        hint = known(name, project.services, f"there are: {', '.join(project.services)}")
        raise UsageError(f"there is no service '{name}'", hint)
    service = project.services[name]
    if service.external is not None:
        raise UsageError(f"'{name}' runs elsewhere", "only services that msctl runs can be examined")
    return service


def _instance(engine: Engine, access: Access, project: Project, name: str) -> InstanceStatus:
    report = status(engine, access, project)
    found = next(service for service in report.services if service.name == name)
    running = [i for i in found.instances if i.state == "running" and i.address]
    if not running:
        raise NotRunning(f"no instance of '{name}' runs", "start the project with 'msctl up'")
    return next((i for i in running if i.health in ("pass", "warn")), running[0])


def _gather(
    engine: Engine, access: Access, project: Project, service: Service, instance: InstanceStatus,
    exam: Exam, known_secrets: frozenset[str],
) -> Evidence:  # fmt: skip
    marker, trace_id = f"conformance-{secrets.token_hex(6)}", secrets.token_hex(16)
    path, address = own_path(project, service), instance.address or ""
    borne = tokens(engine, access, project, service) if project.uses_auth else None
    container = gathering.container_facts(engine, instance.name)
    found = gathering.answers(
        engine, project.name, address, questions(service, path, marker, trace_id, borne)
    )
    return Evidence(
        service=service,
        instance=instance,
        answers=found,
        container=container,
        log=gathering.log_lines(engine, instance.name),
        secrets=known_secrets,
        resolved=gathering.resolved(engine, project.name, f"{service.name}.service.consul"),
        marker=marker,
        trace_id=trace_id,
        path=path,
        queue=queue_of(access, project, service, send=exam.events),
        stopping=stopping(
            engine,
            Identity(project.name, Workspace.of(project.folder).origin),
            service,
            instance.name,
            address,
            path or service.health.path,
        )
        if exam.stop
        else None,
    )
