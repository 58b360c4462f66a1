"""Use case ``health``: the checks of services and platform, asked now from inside the project's network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

from msctl import labels
from msctl.engine.port import Engine
from msctl.errors import EngineError, UsageError
from msctl.model.health import CheckReading, HealthReading
from msctl.model.project import Project
from msctl.model.status import StatusReport
from msctl.plan.ports import ADMIN_PORT

COMPOSITE = "/health"
_PATIENCE = 2.0
_LONGEST_ANSWER = 300


def health(
    engine: Engine, project: Project, report: StatusReport, names: Sequence[str]
) -> list[HealthReading]:
    """Readings of what ``names`` mean (all if none is named); raises ``UsageError`` for an unknown one."""
    readings = list(_chosen(project, report, names))
    questions = [q for reading in readings if (q := _question(project, report, reading)) is not None]
    answers = ask(engine, labels.container(project.name, "gateway"), questions)
    return [_answered(reading, answers.get(reading.name)) for reading in readings]


def ask(engine: Engine, host: str, questions: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    """Answers by id, from one command run in container ``host``; none when it does not run."""
    if not questions:
        return {}
    source = resources.files("msctl.agent").joinpath("asking.py").read_text("utf-8")
    command = ("python3", "-E", "-S", "-c", source)
    try:
        result = engine.execute(host, command, timeout=30.0, stdin=json.dumps(questions).encode())
        answers = json.loads(result.output)
    except (EngineError, ValueError):
        return {}  # what was known without asking is shown all the same
    return answers if isinstance(answers, dict) else {}


def read_checks(body: str) -> tuple[CheckReading, ...]:
    """The checks of a health document; none when ``body`` is no such document."""
    try:
        document = json.loads(body)
    except ValueError:
        return ()
    checks = document.get("checks") if isinstance(document, dict) else None
    if not isinstance(checks, dict):
        return ()
    return tuple(
        _check(name, entry)
        for name, entries in checks.items()
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, dict)
    )


def _check(name: str, entry: Mapping[str, Any]) -> CheckReading:
    value = entry.get("observedValue")
    observed = None if value is None else f"{value} {entry.get('observedUnit') or ''}".strip()
    output, time = entry.get("output"), entry.get("time")
    return CheckReading(
        name,
        str(entry.get("status", "unknown")),
        None if output is None else str(output),
        None if time is None else str(time),
        observed,
    )


def _chosen(project: Project, report: StatusReport, names: Sequence[str]) -> Iterator[HealthReading]:
    known = dict(_readings(project, report))
    if not names:
        yield from (reading for _, reading in known.values())
        return
    for name in names:
        found = [reading for aliases, reading in known.values() if name in aliases]
        if not found:
            words = sorted({min(aliases, key=len) for aliases, _ in known.values()})
            raise UsageError(f"nothing here is called '{name}'", f"there are: {', '.join(words)}")
        yield from found


def _readings(
    project: Project, report: StatusReport
) -> Iterator[tuple[str, tuple[frozenset[str], HealthReading]]]:
    """By container name: what it may be called, and what is known without asking it."""
    prefix = f"{project.name}-"
    for service in report.services:
        for i in service.instances:
            reading = HealthReading(i.name, i.state, i.health, i.output, i.started_at, i.registered)
            yield i.name, (frozenset({i.name, i.name.removeprefix(prefix), service.name}), reading)
        if service.database is not None:
            d = service.database
            aliases = frozenset({d.name, d.name.removeprefix(prefix)})
            yield d.name, (aliases, HealthReading(d.name, d.state, d.health))
    for p in report.platform:
        yield p.name, (frozenset({p.name, p.role}), HealthReading(p.name, p.state, p.health, p.output))


def _question(project: Project, report: StatusReport, reading: HealthReading) -> dict[str, Any] | None:
    """What to ask a running part over HTTP, if it can be asked."""
    if reading.state != "running":
        return None
    if reading.name == labels.container(project.name, "gateway"):
        return _to(reading.name, "127.0.0.1", ADMIN_PORT, ["/-/health"])
    for service in report.services:
        for instance in service.instances:
            if instance.name == reading.name and instance.address:
                host, _, port = instance.address.rpartition(":")
                return _to(
                    reading.name, host, int(port), [COMPOSITE, project.services[service.name].health.path]
                )
    return None


def _to(name: str, host: str, port: int, paths: Sequence[str]) -> dict[str, Any]:
    return {"id": name, "host": host, "port": port, "paths": list(dict.fromkeys(paths)), "timeout": _PATIENCE}


def _answered(reading: HealthReading, answer: Mapping[str, Any] | None) -> HealthReading:
    if answer is None:
        return reading
    body = str(answer.get("body", ""))
    checks = read_checks(body)
    said = answer.get("error") or (
        " ".join(body.split())[:_LONGEST_ANSWER] if not checks else _status_of(body)
    )
    return replace(
        reading,
        path=str(answer.get("path", "")),
        code=answer.get("status"),
        milliseconds=answer.get("milliseconds"),
        answer=str(said),
        checks=checks,
    )


def _status_of(body: str) -> str:
    return str(json.loads(body).get("status", ""))
