"""Metrics exposition."""

from __future__ import annotations

from prometheus_client import Counter

from msctl.telemetry.metrics import expose, process_registry


def test_openmetrics_when_asked_for() -> None:
    registry = process_registry()
    Counter("msctl_retries", "Retries.", registry=registry).inc()
    text, kind = expose(registry, "application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")
    assert b"msctl_retries_total 1.0" in text


def test_plain_text_otherwise() -> None:
    text, kind = expose(process_registry(), "*/*")
    assert kind.startswith("text/plain")
    assert b"python_info" in text
