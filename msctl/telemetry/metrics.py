"""Prometheus metrics: a registry for one process and its exposition, OpenMetrics when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds, from a cached answer to a patient client's time-out."""


class Tallies(Collector):
    """Counters that are kept elsewhere: name, meaning, and how to read each at a scrape."""

    def __init__(self, tallies: Iterable[tuple[str, str, Callable[[], float]]]) -> None:
        self._tallies = tuple(tallies)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counters as they stand."""
        for name, meaning, count in self._tallies:
            yield CounterMetricFamily(name, meaning, value=count())


def process_registry() -> CollectorRegistry:
    """A registry of its own with the process, Python and collector metrics in it."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def expose(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The metrics as text and their content type, in the format that the ``Accept`` header prefers."""
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type
