"""How many instances of each service are ready, as metrics: the measure of the shipped alert rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from msctl.observer.overview import Checks, instances_of

_WELL = frozenset({"pass", "warn"})


class Readiness(Collector):
    """``topology`` is what was declared, ``checks`` what Consul says, ``None`` while it is away."""

    def __init__(
        self, topology: Callable[[], Mapping[str, Any]], checks: Callable[[], Checks | None]
    ) -> None:
        self._topology = topology
        self._checks = checks

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing to be told before the first scrape."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges of this moment; of services none while nobody knows."""
        declared, checks = self._topology(), self._checks()
        project = str(declared.get("project", ""))
        wanted = GaugeMetricFamily("msctl_service_wanted_instances", "As the manifest says.", labels=["name"])
        ready = GaugeMetricFamily("msctl_service_ready_instances", "Registered and well.", labels=["name"])
        parts = GaugeMetricFamily("msctl_platform_ready", "1 well, 0 not.", labels=["part"])
        parts.add_metric(["registry"], float(checks is not None))
        if checks is not None:
            for service in declared.get("services", ()):
                name = str(service["name"])
                well = [i for i in instances_of(project, service, checks) if _is_well(checks, i)]
                wanted.add_metric([name], int(service.get("replicas", 1)))
                ready.add_metric([name], len(well))
            for role in declared.get("platform", ()):
                parts.add_metric([str(role)], float(_is_well(checks, f"{project}-{role}")))
        yield from (wanted, ready, parts)


def _is_well(checks: Checks, identity: str) -> bool:
    return identity in checks and checks[identity][0] in _WELL
