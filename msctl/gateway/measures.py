"""The gateway's metrics, with label sets that no client can grow."""

from __future__ import annotations

from collections.abc import Callable, Set

from prometheus_client import CollectorRegistry, Counter, Gauge

from msctl.gateway.request_counts import RequestCounts
from msctl.resilience.breaker import CircuitState

_NO_ROUTES = frozenset({"-", "(malformed)", "/healthz"})
_NO_SERVICES = frozenset({"-"})
_STATES = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Measures:
    """Counts retries and circuits in ``registry``, and what ``requests`` is told."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.requests = RequestCounts()
        registry.register(self.requests)
        self._retries = Counter("msctl_retries", "Attempts made again.", ["service"], registry=registry)
        self._states = Gauge(
            "msctl_circuit_state", "0 closed, 1 half open, 2 open.", ["caller", "callee"], registry=registry
        )
        self._transitions = Counter(
            "msctl_circuit_transitions", "Changes of circuits.", ["caller", "callee", "to"], registry=registry
        )
        self._connections = Gauge("msctl_gateway_connections", "Open client connections.", registry=registry)
        self._cancelled = Counter(
            "msctl_gateway_cancelled", "Requests that clients gave up.", ["route"], registry=registry
        )
        self._labelled: tuple[tuple[Counter | Gauge, tuple[str, ...]], ...] = (
            (self._retries, ("service",)),
            (self._states, ("caller", "callee")),
            (self._transitions, ("caller", "callee", "to")),
            (self._cancelled, ("route",)),
        )

    def keep(self, routes: Set[str], services: Set[str]) -> None:
        """Drop the series of routes and services that a new document no longer has."""
        routes, services = routes | _NO_ROUTES, services | _NO_SERVICES
        self.requests.keep(routes, services)
        for metric, names in self._labelled:
            for labels in _label_sets(metric, names):
                kept = labels.get("route", "-") in routes and _service(labels) in services
                if not kept:
                    metric.remove(*labels.values())

    def cancelled(self, route: str) -> None:
        """A client went away before its answer was through."""
        self._cancelled.labels(route).inc()

    def retrying(self, service: str) -> Callable[[], None]:
        """A function that counts one retry of the service."""
        return self._retries.labels(service).inc

    def circuit(self, callee: str, state: CircuitState) -> None:
        """The circuit's state without a change, for a new service."""
        self._states.labels("gateway", callee).set(_STATES[state])

    def transition(self, callee: str, new: CircuitState) -> None:
        """A circuit has changed."""
        self._transitions.labels("gateway", callee, new.value).inc()
        self.circuit(callee, new)

    def count_connections(self, count: Callable[[], float]) -> None:
        """Read the number of connections from ``count`` at each scrape."""
        self._connections.set_function(count)


def _service(labels: dict[str, str]) -> str:
    return labels.get("service") or labels.get("callee") or "-"


def _label_sets(metric: Counter | Gauge, names: tuple[str, ...]) -> list[dict[str, str]]:
    """The label values in use, in the order that ``remove`` takes them."""
    found = {
        tuple(sample.labels[name] for name in names)
        for family in metric.collect()
        for sample in family.samples
        if all(name in sample.labels for name in names)
    }
    return [dict(zip(names, values, strict=True)) for values in found]
