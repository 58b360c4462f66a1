"""Sliding windows."""

from __future__ import annotations

from msctl.resilience.window import CountWindow, TimeWindow


def test_count_window_forgets_the_oldest_with_its_cause() -> None:
    window = CountWindow(2)
    window.record(0, False, "answered 500")
    window.record(0, True, "connection refused")
    window.record(0, False, "connection refused")
    tally = window.tally(0)
    assert (tally.calls, tally.failed, tally.slow, tally.cause) == (2, 2, 1, "connection refused")
    window.record(0, False, None)
    window.record(0, False, None)
    assert window.tally(0).cause is None


def test_time_window_forgets_by_time() -> None:
    window = TimeWindow(10.0)
    window.record(0.5, False, "answered 500")
    window.record(5.0, True, None)
    assert (window.tally(9.9).calls, window.tally(9.9).failed) == (2, 1)
    assert (window.tally(10.0).calls, window.tally(10.0).slow) == (1, 1)
    assert window.tally(30.0).calls == 0


def test_empty_rates_are_zero() -> None:
    assert CountWindow(3).tally(0).failure_rate == 0.0
    assert CountWindow(3).tally(0).slow_rate == 0.0
