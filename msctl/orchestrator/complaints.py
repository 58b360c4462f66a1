"""What troubled containers say: the last words of those that do not run, the answers of the unready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from msctl import labels
from msctl.errors import EngineError
from msctl.model.desired import Probe
from msctl.model.observed import CRASHES_TO_GIVE_UP
from msctl.orchestrator.diagnosis import telling_line
from msctl.orchestrator.probing import Prober

if TYPE_CHECKING:
    from msctl.engine.port import Engine
    from msctl.model.observed import Observed, ObservedContainer
    from msctl.model.project import Project
    from msctl.model.status import InstanceStatus, StatusReport
    from msctl.orchestrator.survey import Survey

STARTING_SECONDS = 60.0
"""An instance that is not ready after so long is failing, not starting."""

_QUESTION_SECONDS = 1.0
_TAIL = 40


@dataclass(frozen=True, slots=True)
class Complaints:
    """By container name: the telling log line of what does not run, and what the unready answer now."""

    last_words: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)


NO_COMPLAINTS = Complaints()


def hear(engine: Engine, project: Project, found: Survey) -> Complaints:
    """Ask all that are in trouble; nobody when all is well."""
    return Complaints(_last_words(engine, found.observed), _answers(engine, project, found))


def with_complaints(report: StatusReport, complaints: Complaints, now: datetime) -> StatusReport:
    """The report with the reason in the output of each instance that has one. Pure."""

    def told(part: InstanceStatus) -> InstanceStatus:
        if part.health == "fail" and part.name in complaints.last_words:
            return replace(part, output=f"{part.output}: {complaints.last_words[part.name]}")
        return part if part.health != "starting" else _unready(part, complaints.answers.get(part.name), now)

    return replace(
        report,
        services=tuple(replace(s, instances=tuple(map(told, s.instances))) for s in report.services),
    )


def _unready(part: InstanceStatus, answer: str | None, now: datetime) -> InstanceStatus:
    overdue = part.started_at is not None and (now - part.started_at).total_seconds() > STARTING_SECONDS
    output = f"not registered; its health path answers: {answer}" if answer else part.output
    return replace(part, health="fail" if overdue else "starting", output=output)


def _last_words(engine: Engine, observed: Observed) -> dict[str, str]:
    """The telling line of each container that does not run or keeps crashing."""
    troubled = [
        c.name for c in observed.containers if c.state != "running" or c.restarts >= CRASHES_TO_GIVE_UP
    ]
    found = {name: telling_line(last_lines(engine, name)) for name in troubled}
    return {name: line for name, line in found.items() if line}


def _answers(engine: Engine, project: Project, found: Survey) -> dict[str, str]:
    """What instances that run and are not registered answer, asked as ``up`` asks them."""
    gateway = found.observed.container(labels.container(project.name, "gateway"))
    unready = _unready_instances(project, found)
    if not unready or gateway is None or gateway.state != "running":
        return {}
    prober = Prober(engine, gateway.name)
    try:
        for container in unready:
            service = project.services[container.service or ""]
            address = container.addresses.get(labels.project_network(project.name), "")
            prober.ask(container.name, Probe("http", service.port, service.health.path), address)
        answers = {c.name: prober.wait(c.name, _QUESTION_SECONDS) for c in unready}
    finally:
        prober.close()
    return {name: answer.output for name, answer in answers.items() if answer is not None}


def _unready_instances(project: Project, found: Survey) -> list[ObservedContainer]:
    if found.entries is None:
        return []
    running = (c for c in found.observed.containers if c.role == "service" and c.state == "running")
    return [c for c in running if c.name not in found.entries and c.service in project.services]


def last_lines(engine: Engine, name: str) -> tuple[str, ...]:
    """The last lines a container wrote; none if it is gone."""
    try:
        return tuple(line.text for line in engine.logs(name, tail=_TAIL))
    except EngineError:
        return ()
