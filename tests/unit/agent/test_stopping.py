"""What counts as lost when a service stops."""

from __future__ import annotations

import pytest

from msctl.agent import stopping
from msctl.agent.stopping import Asked, ask, judged
from tests.unit.agent.rude import rude

QUICK = [Asked(0.003, True, True)] * 100


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (QUICK, 0),
        ([*QUICK, Asked(0.01, False, False)], 0),
        ([*QUICK, Asked(0.3, False, False)], 1),
        ([*QUICK, Asked(0.01, True, False)], 1),
        ([*QUICK, Asked(0.12, True, True), Asked(0.11, False, False)], 0),
        ([*QUICK, Asked(0.12, True, True), Asked(0.5, False, False)], 1),
        ([*[Asked(1.0, True, True)] * 9, Asked(1.02, True, True), Asked(0.5, False, False)], 1),
        ([Asked(0.01, False, False)], 0),
        ([Asked(0.2, False, False)], 1),
    ],
    ids=[
        "none",
        "closing door",
        "dropped",
        "cut",
        "held up",
        "dropped though held up",
        "slow",
        "shut",
        "dead",
    ],
)
def test_lost_is_what_was_taken_up(found: list[Asked], lost: int) -> None:
    answered = sum(one.answered for one in found)
    assert judged(found) == {"asked": answered + lost, "lost": lost}


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_cut(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    monkeypatch.setattr(stopping, "LONGEST", 0.3)
    with rude(head, repeated=b"x", pause=0.05) as port:
        found = ask("127.0.0.1", port, "/")
    assert found is not None
    assert not found.answered


def test_an_answer_that_is_cut_short_is_none() -> None:
    with rude(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") as port:
        found = ask("127.0.0.1", port, "/")
    assert found is not None
    assert (found.begun, found.answered) == (True, False)
