"""The project as one picture: what was declared beside what Consul, gateway and services say; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from msctl.observer.exposition import Traffic
from msctl.observer.told import Told

NOTHING_TOLD = Told()
_STATUS = {"passing": "pass", "warning": "warn", "critical": "fail"}

Checks = Mapping[str, tuple[str, str]]
"""By registered id (a container's name): health, and what the check last said."""


def checks_of(found: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """From Consul's list of checks; the worst of each service's counts."""
    order = {"pass": 0, "warn": 1, "fail": 2}
    known: dict[str, tuple[str, str]] = {}
    for check in found:
        identity = str(check.get("ServiceID") or "")
        if not identity:
            continue
        status = _STATUS.get(str(check.get("Status")), "fail")
        if identity not in known or order[status] > order[known[identity][0]]:
            known[identity] = (status, str(check.get("Output") or "").strip())
    return known


def overview(
    topology: Mapping[str, Any],
    checks: Checks | None,
    circuits: Sequence[Mapping[str, Any]],
    traffic: Mapping[str, Traffic],
    lines: Mapping[str, Sequence[float]],
    since: Mapping[str, str],
    now: datetime,
    told: Told = NOTHING_TOLD,
) -> dict[str, Any]:
    """Everything that the page shows at a glance; ``checks`` is ``None`` while Consul does not answer."""
    project = str(topology.get("project", ""))
    lines = {**lines, **{name: line for name, line in told.lines.items() if len(line) > 1}}
    services = [
        _with_figures(_service(project, service, checks, traffic, lines, since), told)
        for service in topology.get("services", [])
    ]
    platform = [
        {"role": role, **_part(f"{project}-{role}", checks, since)} for role in topology.get("platform", [])
    ]
    parts = [i["health"] for s in services for i in s["instances"]] + [p["health"] for p in platform]
    return {
        "project": project,
        "time": now.isoformat(timespec="milliseconds"),
        "gateway": topology.get("gateway", ""),
        "registry": "pass" if checks is not None else "fail",
        "healthy": checks is not None and all(health in {"pass", "warn"} for health in parts),
        "services": services,
        "platform": platform,
        "circuits": merged(circuits),
        "traffic": _traffic(traffic.get("gateway"), lines.get("gateway", ())),
        "broker": told.broker,
        "disk": told.disk,
        "alerts": None if told.alerts is None else list(told.alerts),
    }


def merged(circuits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One circuit for each caller and callee, the worst of the caller's instances, calls of all of them."""
    order = {"closed": 0, "half_open": 1, "open": 2}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for circuit in circuits:
        key = (str(circuit.get("caller")), str(circuit.get("callee")))
        known = found.get(key)
        calls = int(circuit.get("calls") or 0) + (known["calls"] if known else 0)
        if known is None or order.get(str(circuit.get("state")), 0) > order.get(known["state"], 0):
            found[key] = dict(circuit)
        found[key]["calls"] = calls
    return list(found.values())


def _service(
    project: str,
    service: Mapping[str, Any],
    checks: Checks | None,
    traffic: Mapping[str, Traffic],
    lines: Mapping[str, Sequence[float]],
    since: Mapping[str, str],
) -> dict[str, Any]:
    name = str(service["name"])
    instances = [_part(c, checks, since) for c in instances_of(project, service, checks or {})]
    return {
        **service,
        "instances": instances,
        "ready": sum(i["health"] in {"pass", "warn"} for i in instances),
        "traffic": _traffic(traffic.get(name), lines.get(name, ())),
    }


def _with_figures(service: dict[str, Any], told: Told) -> dict[str, Any]:
    name = service["name"]
    return {**service, "data": told.databases.get(name), "queue": told.queues.get(name)}


def instances_of(project: str, service: Mapping[str, Any], checks: Checks) -> list[str]:
    """Names of a service's containers, those declared and those registered, by number."""
    prefix = f"{project}-{service['name']}-"
    wanted = {f"{prefix}{n}" for n in range(1, int(service.get("replicas", 1)) + 1)}
    extra = {i for i in checks if i.startswith(prefix) and i.removeprefix(prefix).isdecimal()}
    return sorted(wanted | extra, key=lambda text: int(text.rpartition("-")[2]))


def _part(name: str, checks: Checks | None, since: Mapping[str, str]) -> dict[str, Any]:
    if checks is None:
        return {"name": name, "health": "unknown", "output": "the registry does not answer", "since": None}
    if name not in checks:
        late = name.endswith("-metrics") and name not in since  # nobody waited for it
        words = "not registered yet" if late else "not registered"
        return {
            "name": name,
            "health": "warn" if late else "fail",
            "output": words,
            "since": since.get(name),
        }
    health, output = checks[name]
    return {"name": name, "health": health, "output": output[:500], "since": since.get(name)}


def _traffic(found: Traffic | None, line: Sequence[float]) -> dict[str, Any] | None:
    return None if found is None else {**asdict(found), "line": [round(value, 2) for value in line]}
