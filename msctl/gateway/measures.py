"""The gateway's metrics, with label sets that no client can grow."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from msctl.gateway.request_counts import RequestCounts
from msctl.resilience.breaker import CircuitState

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
