"""Metrics as text → what a service does a second; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WANTED = (
    "msctl_gateway_requests_total",
    "msctl_gateway_request_duration_seconds_bucket",
    "msctl_service_request_duration_seconds_bucket",
    "msctl_events_published_total",
    "msctl_events_handled_total",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
)
_PROBES = frozenset({"/livez", "/readyz", "/health", "/healthz", "/metrics", "/-/circuits", "(malformed)"})
_LINE = re.compile(rf"({'|'.join(WANTED)})(?:\{{(.*)\}})? ([^ ]+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_FAILED = "5"

Series = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
"""Values by metric and labels."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One scrape of one process at ``time`` (monotonic seconds)."""

    time: float
    series: Series


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of some seconds: requests and failed ones a second, quantiles of the time to answer in seconds.

    ``cpu`` is cores, ``memory`` bytes; ``None`` is what nobody told.
    """

    rate: float = 0.0
    errors: float = 0.0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    cpu: float | None = None
    memory: float | None = None
    events: Mapping[str, float] = field(default_factory=dict)


def parse(text: str) -> Series:
    """The series that matter here; probes are no traffic."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        labels = tuple(sorted(_LABEL.findall(match[2] or "")))
        if not any(name == "route" and value in _PROBES for name, value in labels):
            found[match[1], labels] = float(match[3])
    return found


def traffic(spans: Iterable[tuple[Sample, Sample]], of: str | None = None) -> Traffic:
    """What several processes of one service did between two samples each.

    ``of`` takes the gateway's view of that service, for one that tells nothing itself.
    """
    rate = errors = cpu = 0.0
    memory: float | None = None
    counted: dict[float, float] = {}
    events: dict[str, float] = {}
    for before, after in spans:
        seconds = max(after.time - before.time, 1e-9)
        routes = _routes_of(after.series, of) if of else None
        for (metric, labels), value in after.series.items():
            grown = max(0.0, value - before.series.get((metric, labels), 0.0))
            said = dict(labels)
            if metric.endswith("_bucket"):
                if routes is None or said.get("route") in routes:
                    bound = float(said["le"].replace("+Inf", "inf"))
                    counted[bound] = counted.get(bound, 0.0) + grown
                    rate += _served(metric, said, grown) / seconds
                    errors += _failed(metric, said, grown) / seconds
            elif metric == "msctl_gateway_requests_total" and (of is None or said.get("service") == of):
                rate += grown / seconds
                errors += grown / seconds if said.get("code", "").startswith(_FAILED) else 0.0
            elif metric == "process_cpu_seconds_total" and of is None:
                cpu += grown / seconds
            elif metric == "process_resident_memory_bytes" and of is None:
                memory = (memory or 0.0) + value
            elif metric.startswith("msctl_events_") and of is None:
                key = said.get("outcome", "published")
                events[key] = events.get(key, 0.0) + value
    bounds = sorted(counted.items())
    p50, p95, p99 = (quantile(bounds, share) for share in (0.5, 0.95, 0.99))
    told = None if of is not None or memory is None else cpu
    return Traffic(rate, errors, p50, p95, p99, told, memory, events)


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """The quantile of cumulative buckets, as Prometheus reckons it; nothing without requests."""
    total = buckets[-1][1] if buckets else 0.0
    if total <= 0:
        return None
    wanted, low, below = total * share, 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted:
            if bound == float("inf"):
                return low
            within = count - below
            return low + (bound - low) * ((wanted - below) / within if within else 1.0)
        low, below = bound, count
    return low


def _served(metric: str, said: Mapping[str, str], grown: float) -> float:
    return grown if metric.startswith("msctl_service") and said["le"] == "+Inf" else 0.0


def _failed(metric: str, said: Mapping[str, str], grown: float) -> float:
    return _served(metric, said, grown) if said.get("code", "").startswith(_FAILED) else 0.0


def _routes_of(series: Series, service: str) -> set[str]:
    """Routes that lead to this service alone."""
    leads: dict[str, set[str]] = {}
    for metric, labels in series:
        said = dict(labels)
        if metric == "msctl_gateway_requests_total" and "route" in said:
            leads.setdefault(said["route"], set()).add(said.get("service", "-"))
    return {route for route, services in leads.items() if services == {service}}
