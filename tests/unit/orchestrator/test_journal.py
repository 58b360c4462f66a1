"""What was done is written down, and deployments are kept to go back to."""

from __future__ import annotations

from pathlib import Path

import pytest

from msctl.errors import EngineError, Interrupted, StartFailed
from msctl.model.chronicle import TAKEN_BACK
from msctl.model.failure import FailureCard
from msctl.orchestrator.journal import FILE, KEPT, deployed, deployments, entries, last_setback, recorded
from msctl.orchestrator.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.of(tmp_path)


def test_what_changed_something_is_written_down(workspace: Workspace) -> None:
    with recorded(workspace, "up", "abcdef0123456789") as record:
        record.changed, record.deployment = ("create shop-web-1",), 3
    with recorded(workspace, "up"):
        pass
    (entry,) = entries(workspace)
    assert (entry.command, entry.result, entry.revision) == ("up", "done", "abcdef012345")
    assert (entry.changed, entry.deployment) == (("create shop-web-1",), 3)


@pytest.mark.parametrize(
    ("error", "result", "why"),
    [
        (EngineError("no disk"), "failed", "no disk"),
        (
            StartFailed("1 of 9", [FailureCard("web", "x", "did not start", "boom")]),
            "failed",
            "web: did not start: boom",
        ),
        (Interrupted("stopped"), "interrupted", ""),
    ],
)
def test_what_went_wrong_says_why(workspace: Workspace, error: Exception, result: str, why: str) -> None:
    with pytest.raises(type(error)), recorded(workspace, "up"):
        raise error
    assert [(e.result, e.why) for e in entries(workspace)] == [(result, why)]


def test_who_wants_to_know_is_told_after_something_was_written(workspace: Workspace) -> None:
    known: list[int] = []

    def written() -> None:
        known.append(len(entries(workspace)))

    with recorded(workspace, "up", written=written) as record:
        record.changed = ("x",)
    with recorded(workspace, "up", written=written):
        pass
    for error in (EngineError("no disk"), Interrupted("stopped")):
        with pytest.raises(type(error)), recorded(workspace, "up", written=written):
            raise error
    assert (known, len(entries(workspace))) == ([1, 2], 3)


def test_a_broken_line_costs_only_itself(workspace: Workspace) -> None:
    workspace.append(FILE, "{", keep=9)
    with recorded(workspace, "stop orders") as record:
        record.changed = ("stop shop-orders-1",)
    assert [e.command for e in entries(workspace)] == ["stop orders"]


def test_deployments_are_kept_in_order_and_the_oldest_forgotten(workspace: Workspace) -> None:
    for number in range(1, KEPT + 3):
        with recorded(workspace, "up") as record:
            record.changed = ("x",)
            record.deployment = deployed(workspace, f"text {number}", "", {"web": f"shop/web:{number}"})
    known = deployments(workspace)
    assert [d.number for d in known] == list(range(3, KEPT + 3))
    assert (known[-1].manifest, known[-1].images) == (f"text {KEPT + 2}", {"web": f"shop/web:{KEPT + 2}"})


def test_a_version_that_was_taken_back_is_told_until_the_next_change(workspace: Workspace) -> None:
    card = FailureCard("shop-web-2", "x", f"did not become healthy; {TAKEN_BACK}", "boom")
    with pytest.raises(StartFailed), recorded(workspace, "up"):
        raise StartFailed("1 of 9", [card])
    assert "'up' at " in (last_setback(workspace) or "")
    assert "boom" in (last_setback(workspace) or "")
    with recorded(workspace, "up"):
        pass  # the manifest was put right: there is nothing to do
    assert last_setback(workspace) is None
