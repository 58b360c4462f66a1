"""Health in detail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import ExecResult, Identity
from msctl.errors import UsageError
from msctl.model.desired import ContainerSpec
from msctl.model.health import HealthReading
from msctl.model.project import Project, Service
from msctl.orchestrator.health import health, read_checks
from tests.unit.report.reports import failing, healthy

DOCUMENT = {
    "status": "warn",
    "checks": {
        "postgres:connection": [{"status": "pass", "time": "2026-01-02T12:00:00.000+00:00"}],
        "rabbitmq:connection": [
            {"status": "warn", "output": "refused", "observedValue": 3, "observedUnit": "s"}
        ],
    },
}
PROJECT = Project("shop", Path(), "r", {"orders": Service("orders"), "web": Service("web")})
ANSWER = {"path": "/health", "status": 200, "milliseconds": 3.1, "body": json.dumps(DOCUMENT)}


def engine(answers: object) -> MemoryEngine:
    made = MemoryEngine()
    spec = ContainerSpec("shop-gateway", "gateway", "i", "i")
    made.create_container(Identity("shop", "here"), spec, "h", {})
    made.start_container(Identity("shop", "here"), "shop-gateway")
    made.script.answer = lambda *_: ExecResult(0, json.dumps(answers))
    return made


def test_each_instance_is_asked_and_its_checks_are_read() -> None:
    (first, second) = health(engine({"shop-orders-1": ANSWER}), PROJECT, healthy(), ["orders"])
    assert (first.path, first.code, first.answer) == ("/health", 200, "warn")
    assert [(c.name, c.status, c.output, c.observed) for c in first.checks] == [
        ("postgres:connection", "pass", None, None),
        ("rabbitmq:connection", "warn", "refused", "3 s"),
    ]
    assert (second.name, second.path) == ("shop-orders-2", None)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("orders-2", ["shop-orders-2"]),
        ("shop-web-1", ["shop-web-1"]),
        ("orders-db", ["shop-orders-db"]),
        ("gateway", ["shop-gateway"]),
    ],
)
def test_parts_are_found_by_their_names(name: str, found: list[str]) -> None:
    assert [r.name for r in health(engine({}), PROJECT, healthy(), [name])] == found


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="ordres"):
        health(engine({}), PROJECT, healthy(), ["ordres"])


def test_without_anybody_to_ask_through_what_is_known_is_told() -> None:
    (down, _) = health(MemoryEngine(), PROJECT, failing(), ["orders"])
    assert (down.health, down.code, down.output) == ("fail", None, "exited (code 1), 5 restarts")


@pytest.mark.parametrize("body", ["", "ok", "[]", '{"checks": 3}', '{"checks": {"a": 1, "b": [2]}}'])
def test_what_is_no_health_document_has_no_checks(body: str) -> None:
    assert read_checks(body) == ()


def test_a_reading_as_json_has_plain_values() -> None:
    values = HealthReading("a", "running", "pass", checks=read_checks(json.dumps(DOCUMENT))).to_json()
    assert json.loads(json.dumps(values))["checks"][1]["output"] == "refused"
