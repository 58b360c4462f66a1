"""What agent and Prometheus say, understood; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_SAMPLE = re.compile(r"(msctl_(?:database|broker|queue|disk)_\w+)(?:\{([^}]*)\})? ([0-9.eE+-]+)\Z")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
PROBES = "/livez|/readyz|/health|/healthz|/metrics|/-/circuits|\\\\(malformed\\\\)"
_OWN = f'sum by (job) (rate(msctl_service_request_duration_seconds_count{{route!~"{PROBES}"}}[1m]))'
_GATEWAY = f'rate(msctl_gateway_requests_total{{route!~"{PROBES}"}}[1m])'
TRAFFIC = (
    f"{_OWN}"
    f' or sum by (job) (label_replace({_GATEWAY}, "job", "$1", "service", "(.+)"))'
    f" or sum by (job) ({_GATEWAY})"
)
"""Requests a second by service, probes left out: its own count, else the gateway's; the gateway is one."""


@dataclass(frozen=True, slots=True)
class Told:
    """Figures of databases and queues by service; ``alerts`` is ``None`` where Prometheus does not answer."""

    databases: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    queues: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    broker: Mapping[str, int] | None = None
    disk: Mapping[str, int] | None = None
    alerts: Sequence[Mapping[str, Any]] | None = None
    lines: Mapping[str, Sequence[float]] = field(default_factory=dict)


def figures(text: str) -> Told:
    """The agent's metrics."""
    databases: dict[str, dict[str, int]] = {}
    queues: dict[str, dict[str, int]] = {}
    broker: dict[str, int] = {}
    disk: dict[str, int] = {}
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match is None:
            continue
        labels, value = dict(_LABEL.findall(match[2] or "")), int(float(match[3]))
        kind, _, what = match[1].removeprefix("msctl_").partition("_")
        what = what.removesuffix("_bytes")
        if kind == "database":
            databases.setdefault(labels.get("name", ""), {})[what] = value
        elif kind == "queue":
            row = queues.setdefault(labels.get("name", ""), {})
            row[{"events": "waiting", "dead": "dead"}.get(labels.get("kind", ""), what)] = value
        elif kind == "broker":
            broker[what] = value
        else:
            disk[what] = value
    return Told(databases, queues, broker or None, disk or None)


def alerts(answer: Any) -> list[dict[str, Any]]:
    """Prometheus's alerts, those that fire first; raises ``ValueError`` for another kind of answer."""
    try:
        found = [_alert(alert) for alert in answer["data"]["alerts"]]
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"no list of alerts: {exc}") from exc
    return sorted(found, key=lambda alert: (alert["state"] != "firing", alert["severity"], alert["summary"]))


def lines(answer: Any) -> dict[str, list[float]]:
    """The values of a range query by ``job``; raises ``ValueError`` for another kind of answer."""
    try:
        return {
            str(series["metric"]["job"]): [float(value) for _, value in series["values"]]
            for series in answer["data"]["result"]
            if "job" in series["metric"]
        }
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"no answer to a range query: {exc}") from exc


def _alert(alert: Mapping[str, Any]) -> dict[str, Any]:
    labels, words = alert["labels"], alert.get("annotations", {})
    return {
        "name": str(labels["alertname"]),
        "state": str(alert["state"]),
        "severity": str(labels.get("severity", "")),
        "summary": str(words.get("summary", "")),
        "next": str(words.get("next", "")),
        "since": str(alert.get("activeAt", "")),
    }
