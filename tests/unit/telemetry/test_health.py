"""Health values and their document."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from msctl.telemetry.health import Check, Status, compose, document, http_status

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def check(component: str, status: Status, output: str | None = None) -> Check:
    return Check(component, "connection", "datastore", status, NOW, output)


@pytest.mark.parametrize(
    ("statuses", "whole", "code"),
    [
        ((), "pass", 200),
        (("pass", "pass"), "pass", 200),
        (("pass", "warn"), "warn", 200),
        (("warn", "fail", "pass"), "fail", 503),
    ],
)
def test_whole_is_as_bad_as_its_worst(statuses: tuple[Status, ...], whole: Status, code: int) -> None:
    health = compose("orders-1", [check(f"c{n}", status) for n, status in enumerate(statuses)])
    assert health.status == whole
    assert http_status(health) == code


def test_document_has_the_shape_of_the_draft() -> None:
    health = compose("orders-1", [check("postgres", "fail", "connection refused"), check("rabbitmq", "pass")])
    assert document(health) == {
        "status": "fail",
        "serviceId": "orders-1",
        "output": "postgres: connection refused",
        "checks": {
            "postgres:connection": [
                {
                    "componentType": "datastore",
                    "status": "fail",
                    "time": "2026-01-02T03:04:05.678+00:00",
                    "output": "connection refused",
                }
            ],
            "rabbitmq:connection": [
                {"componentType": "datastore", "status": "pass", "time": "2026-01-02T03:04:05.678+00:00"}
            ],
        },
    }


def test_output_is_absent_while_all_is_well() -> None:
    body = document(compose("orders-1", [check("postgres", "pass", "stale words")]))
    assert "output" not in body
    assert "output" not in body["checks"]["postgres:connection"][0]


def test_two_checks_of_one_measurement_share_an_array() -> None:
    body = document(compose("orders-1", [check("postgres", "pass"), check("postgres", "pass")]))
    assert len(body["checks"]["postgres:connection"]) == 2
