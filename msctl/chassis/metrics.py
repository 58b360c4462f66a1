"""What a service counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from msctl.resilience.breaker import CircuitState
from msctl.telemetry.metrics import DURATION_BUCKETS, expose, process_registry

_STATE_NUMBERS = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


class Metrics:
    """One service's metrics in a registry of its own; routes are templates, never paths."""

    def __init__(self) -> None:
        self._registry = process_registry()
        self._requests = Histogram(
            "msctl_service_request_duration_seconds", "Time to answer a request.",
            ("route", "method", "code"), registry=self._registry, buckets=DURATION_BUCKETS,
        )  # fmt: skip
        self._published = self._counter("msctl_events_published", "Events the broker confirmed.", "type")
        self._unroutable = self._counter("msctl_events_unroutable", "Events that no queue took.", "type")
        self._handled = self._counter(
            "msctl_events_handled", "Events taken from the queue.", "type", "outcome"
        )
        self._calls = self._counter(
            "msctl_service_calls", "Attempted calls to services.", "callee", "outcome"
        )
        self._states = Gauge(
            "msctl_circuit_state",
            "0 closed, 1 half open, 2 open.",
            ("caller", "callee"),
            registry=self._registry,
        )
        self._transitions = self._counter(
            "msctl_circuit_transitions", "Changes of circuits.", "caller", "callee", "to"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def request(self, route: str, method: str, code: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(route, method, code).observe(seconds)

    def published(self, event_type: str) -> None:
        """The broker confirmed an event."""
        self._published.labels(event_type).inc()

    def unroutable(self, event_type: str) -> None:
        """The broker had no queue for an event."""
        self._unroutable.labels(event_type).inc()

    def handled(self, event_type: str, outcome: str) -> None:
        """An event was settled as handled, duplicate, retry or dead."""
        self._handled.labels(event_type, outcome).inc()

    def called(self, callee: str, outcome: str) -> None:
        """Another service answered a status, or did not answer for a cause."""
        self._calls.labels(callee, outcome).inc()

    def circuit(self, caller: str, callee: str, state: CircuitState) -> None:
        """A circuit is in ``state`` now."""
        self._states.labels(caller, callee).set(_STATE_NUMBERS[state])
        self._transitions.labels(caller, callee, state.value).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the format that ``accept`` asks for, and its content type."""
        return expose(self._registry, accept)
