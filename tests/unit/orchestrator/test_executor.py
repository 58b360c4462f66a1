"""Walking a plan: in parallel, in order, around failures, and out on Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import pytest

from msctl.errors import EngineError, Interrupted
from msctl.events import Notice, StepDone, StepFailed, StepStarted
from msctl.orchestrator import executor as executor_module
from msctl.orchestrator.executor import Executor, Outcome, subjects
from msctl.plan.operations import Operation, Plan
from msctl.plan.order import ordered
from tests.unit.orchestrator.stage import RecordingSink

LONG = 20.0


def operation(name: str, *after: str) -> Operation:
    return Operation(subject=name, reason="because", after=tuple(f"do {other}" for other in after))


def execute(
    operations: Sequence[Operation], run: Callable[[Operation], str], sink: RecordingSink | None = None
) -> Outcome:
    clock = iter(range(10**6))
    made = Executor(run, sink or RecordingSink(), lambda: float(next(clock)), threading.Event())
    return made.execute(ordered(operations))


def test_what_does_not_wait_runs_at_the_same_time() -> None:
    together = threading.Barrier(3)
    execute([operation(n) for n in "abc"], lambda _: str(together.wait(LONG)))
    assert not together.broken


def test_what_waits_runs_afterwards() -> None:
    seen: list[str] = []

    def run(found: Operation) -> str:
        seen.append(found.subject)
        return ""

    execute([operation("c", "b"), operation("b", "a"), operation("a")], run)
    assert seen == ["a", "b", "c"]


def test_a_failure_blocks_only_what_waits_for_it() -> None:
    seen: list[str] = []

    def run(found: Operation) -> str:
        seen.append(found.subject)
        if found.subject == "a":
            raise EngineError("no")
        return ""

    outcome = execute(
        [operation("a"), operation("b", "a"), operation("c", "b"), operation("x"), operation("y", "x")], run
    )
    assert sorted(seen) == ["a", "x", "y"]
    assert {name: error.message for name, error in outcome.failures.items()} == {"do a": "no"}
    assert subjects(outcome.blocked["do a"]) == ("b", "c")


def test_what_waits_for_two_failures_is_blocked_once() -> None:
    def run(found: Operation) -> str:
        raise EngineError(found.subject)

    outcome = execute([operation("a"), operation("b"), operation("c", "a", "b")], run)
    assert set(outcome.failures) == {"do a", "do b"}
    assert [subjects(found) for found in outcome.blocked.values()] == [("c",)]


def test_each_step_is_told_from_beginning_to_end() -> None:
    sink = RecordingSink()

    def run(found: Operation) -> str:
        if found.subject == "b":
            raise EngineError("no")
        return "done well"

    execute([operation("a"), operation("b", "a")], run, sink)
    assert sink.events == [
        StepStarted("a", "do", "because"),
        StepDone("a", "do", 1.0, "done well"),
        StepStarted("b", "do", "because"),
        StepFailed("b", "do", 1.0, "no"),
    ]


def test_nothing_to_do_is_done() -> None:
    assert execute([], lambda _: "") == Outcome()


def test_a_bug_is_not_taken_for_a_failure() -> None:
    def run(_: Operation) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        execute([operation("a"), operation("b", "a")], run)


def test_ctrl_c_is_acknowledged_finishes_what_runs_and_begins_nothing_new(
    stop: threading.Event,
) -> None:
    sink = RecordingSink()
    seen: list[str] = []

    def run(found: Operation) -> str:
        assert stop.wait(LONG)
        seen.append(found.subject)
        return ""

    executor = Executor(run, sink, lambda: 0.0, stop)
    with pytest.raises(Interrupted) as caught:
        executor.execute(ordered([operation("a"), operation("b", "a")]))
    assert seen == ["a"]
    assert [event.level for event in sink.events if isinstance(event, Notice)] == ["warning"]
    assert "same command" in (caught.value.hint or "")


def test_ctrl_c_leaves_what_still_waits_for_a_thread_undone(stop: threading.Event) -> None:
    started: list[str] = []

    def run(found: Operation) -> str:
        started.append(found.subject)
        assert stop.wait(LONG)
        return ""

    plan = Plan(tuple(operation(str(number)) for number in range(200)))
    with pytest.raises(Interrupted):
        Executor(run, RecordingSink(), lambda: 0.0, stop).execute(plan)
    assert len(started) < 200


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The executor's own stop; Ctrl-C comes while it waits for the first operation to end."""

    class Interrupted(SimpleQueue[object]):
        def get(self, block: bool = True, timeout: float | None = None) -> object:
            raise KeyboardInterrupt

    monkeypatch.setattr(executor_module, "SimpleQueue", Interrupted)
    return threading.Event()
