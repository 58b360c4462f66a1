"""Requests counted in plain numbers, read as metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from msctl.gateway.request_counts import RequestCounts
from msctl.telemetry.metrics import expose


def test_counts_are_exposed_by_all_labels_and_durations_by_route() -> None:
    registry, counts = CollectorRegistry(auto_describe=True), RequestCounts()
    registry.register(counts)
    for seconds in (0.0005, 0.001, 0.3):
        counts.add("/a/{id}", "orders", "GET", 200, seconds)
    counts.add("/a/{id}", "orders", "BREW", 503, 20.0)
    text = expose(registry, "")[0].decode()
    labels = 'code="200",method="GET",route="/a/{id}",service="orders"'
    assert f"msctl_gateway_requests_total{{{labels}}} 3.0" in text
    assert 'code="503",method="other",route="/a/{id}",service="orders"} 1.0' in text
    name = "msctl_gateway_request_duration_seconds"
    for bound, count in (("0.001", 2.0), ("0.25", 2.0), ("0.5", 3.0), ("10.0", 3.0), ("+Inf", 4.0)):
        assert f'{name}_bucket{{le="{bound}",route="/a/{{id}}"}} {count}' in text
    assert f'{name}_count{{route="/a/{{id}}"}} 4.0' in text
    assert f'{name}_sum{{route="/a/{{id}}"}} 20.3015' in text
