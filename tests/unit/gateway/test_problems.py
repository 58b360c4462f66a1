"""Problems and their explanations."""

from __future__ import annotations

from datetime import UTC, datetime

from msctl.gateway import problems
from msctl.gateway.explain import EXPLANATIONS, KIND_OF_STATUS, explain
from msctl.gateway.problems import Trouble, circuit_open, problem_of
from msctl.resilience.breaker import CircuitState, Refusal
from msctl.resilience.window import Tally
from msctl.telemetry.problem import document

NOW = datetime(2026, 11, 23, 12, 0, 0, 600_000, tzinfo=UTC)


def refusal(cause: str, retry_in: float = 7.4) -> Refusal:
    return Refusal(CircuitState.OPEN, retry_in, Tally(calls=20, failed=12, slow=15), cause)


def test_an_open_circuit_is_told_with_its_state() -> None:
    trouble = circuit_open("orders", refusal("connection refused"))
    assert trouble.detail == (
        "Service 'orders' is unavailable: "
        "circuit open (12 of 20 calls failed: connection refused); retry in 8 s"
    )
    assert (trouble.kind, trouble.service, trouble.circuit) == ("circuit-open", "orders", "open")


def test_retry_after_and_retry_at_are_one_moment() -> None:
    trouble = circuit_open("orders", refusal("connection refused", 7.000_01))
    assert trouble.retry_after == 7
    assert problem_of(trouble, "/x", None, NOW, full=False).retry_at == "2026-11-23T12:00:07Z"
    assert Trouble("busy", "x", retry_in=0.0).retry_after == 1


def test_only_insiders_read_what_is_inside() -> None:
    trouble = problems.unreachable("orders", "connection refused", "10.1.2.3:8000 connection refused")
    public = document(problem_of(trouble, "/x", "t", NOW, full=False))
    assert "10.1.2.3" not in str(public)
    assert public["service"] == "orders"
    full = document(problem_of(trouble, "/x", "t", NOW, full=True))
    assert (
        full["detail"]
        == "Service 'orders' is unavailable: connection refused [10.1.2.3:8000 connection refused]"
    )


def test_a_part_keeps_the_clients_faults() -> None:
    assert Trouble("part-failed", "x", answered=404).status == 404
    assert Trouble("part-failed", "x", answered=500).status == 502


def test_every_type_is_explained() -> None:
    assert set(KIND_OF_STATUS.values()) <= set(EXPLANATIONS)
    for kind, explanation in EXPLANATIONS.items():
        assert explain(kind) is explain(f"urn:msctl:problem:{kind}") is explanation
        assert all((explanation.title, explanation.meaning, explanation.remedy))
        assert 400 <= explanation.status <= 599
    assert explain("nonsense") is None
