"""Patience grows with each time, and is forgotten after a calm life."""

from __future__ import annotations

from msctl.agent.prober import Answer
from msctl.agent.revival import CALM, LONGEST_DELAY, Patience, left_down, silent
from msctl.model.observed import ObservedContainer


def gone(**changes: object) -> ObservedContainer:
    values = {"state": "exited", "exit_code": 137} | changes
    return ObservedContainer(
        "id",
        "shop-orders-1",
        "service",
        "orders",
        1,
        config_hash="h",
        origin="o",
        image="i",
        image_id="i",
        **values,  # type: ignore[arg-type]
    )


def test_each_time_has_to_wait_twice_as_long_up_to_a_bound() -> None:
    patience, now, waits = Patience(), 0.0, []
    assert patience.due(now)
    for _ in range(9):
        patience = patience.tried(now)
        waits.append(patience.not_before - now)
        assert not patience.due(now)
        now = patience.not_before
        assert patience.due(now)
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == LONGEST_DELAY


def test_a_calm_life_begins_anew() -> None:
    troubled = Patience().tried(0.0).tried(2.0).tried(6.0)
    calm = troubled.tried(6.0 + CALM + 100.0)
    assert calm.tries == 1


def test_killed_ones_come_back_and_others_stay() -> None:
    assert not left_down(gone())
    assert left_down(gone(exit_code=0))
    assert left_down(gone(exit_code=143))
    assert left_down(gone(stays_down=True))
    assert left_down(gone(state="running"))


def test_a_missing_page_is_no_silence() -> None:
    assert silent(Answer(False, "connection refused"))
    assert silent(Answer(False, "503 fail"))
    assert not silent(Answer(False, "404 not found"))
    assert not silent(Answer(True, "200 pass"))
