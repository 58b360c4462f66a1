"""Lines read again are known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from msctl.telemetry.loglines.counting import Counting
from msctl.telemetry.loglines.transfer import Position

_LOG = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.integers(0, 3)), max_size=30)


@given(_LOG, st.integers(0, 30))
def test_each_line_counts_once_wherever_reading_stopped(steps: list[tuple[str, int]], stop: int) -> None:
    time, log = 0, []
    for stream, step in steps:
        time += step
        log.append((stream, time))
    first = Counting()
    before = [line for line in log[:stop] if first.position(*line) is not None]
    second = Counting(dict(first.reached))
    after = [line for line in log if second.position(*line) is not None]
    assert before + after == log[:stop] + log[stop:]


def test_a_log_read_anew_is_counted_from_its_beginning() -> None:
    counting = Counting()
    assert counting.position("stdout", 5) == Position(5, 0)
    assert counting.position("stdout", 5) == Position(5, 1)
    counting.begin()
    assert counting.position("stdout", 5) is None
    assert counting.position("stdout", 5) is None
    assert counting.position("stdout", 5) == Position(5, 2)
