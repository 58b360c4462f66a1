"""Requests and their durations, counted in plain numbers and turned into metrics only when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Set

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from msctl.gateway.router import USUAL_METHODS
from msctl.telemetry.metrics import DURATION_BUCKETS

_KNOWN_METHODS = frozenset(USUAL_METHODS)

Labels = tuple[str, str, str, int]
"""Route template, service, method, status: nothing that a client can make up."""


class _Counted:
    """The requests of one set of labels; ``buckets`` are not cumulative, the last one has no upper bound."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(DURATION_BUCKETS) + 1)
        self.seconds = 0.0

    def add(self, other: _Counted) -> None:
        self.buckets = [one + more for one, more in zip(self.buckets, other.buckets, strict=True)]
        self.seconds += other.seconds


class RequestCounts(Collector):
    """Two metrics out of one count: requests by all labels, durations by route."""

    def __init__(self) -> None:
        self._counted: dict[Labels, _Counted] = {}
        self._of_gone_services: dict[str, _Counted] = {}

    def add(self, route: str, service: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        counted = self._counted.get((route, service, method, status))
        if counted is None:
            counted = self._new(route, service, method, status)
        counted.buckets[bisect_left(DURATION_BUCKETS, seconds)] += 1
        counted.seconds += seconds

    def _new(self, route: str, service: str, method: str, status: int) -> _Counted:
        labels = route, service, method if method in _KNOWN_METHODS else "other", status
        return self._counted.setdefault(labels, _Counted())

    def keep(self, routes: Set[str], services: Set[str]) -> None:
        """Drop what was counted for other routes and services; a route's durations never become fewer."""
        gone = [c for c in self._counted if c[0] not in routes or c[1] not in services]
        for labels in gone:
            self._of_gone_services.setdefault(labels[0], _Counted()).add(self._counted.pop(labels))
        kept = {route: counted for route, counted in self._of_gone_services.items() if route in routes}
        self._of_gone_services = kept

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """The metrics of this moment."""
        requests = CounterMetricFamily(
            "msctl_gateway_requests",
            "Requests answered, by route template, service, method and status.",
            labels=["route", "service", "method", "code"],
        )
        durations = HistogramMetricFamily(
            "msctl_gateway_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            labels=["route"],
        )
        for (route, service, method, status), counted in self._counted.items():
            requests.add_metric([route, service, method, str(status)], sum(counted.buckets))
        for route, counted in self._by_route().items():
            durations.add_metric([route], _cumulative(counted.buckets), counted.seconds)
        yield requests
        yield durations

    def _by_route(self) -> dict[str, _Counted]:
        routes: dict[str, _Counted] = {}
        present = ((labels[0], counted) for labels, counted in self._counted.items())
        for route, counted in (*present, *self._of_gone_services.items()):
            routes.setdefault(route, _Counted()).add(counted)
        return routes


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    bounds = [*(str(bound) for bound in DURATION_BUCKETS), "+Inf"]
    return [(bound, sum(buckets[: index + 1])) for index, bound in enumerate(bounds)]
