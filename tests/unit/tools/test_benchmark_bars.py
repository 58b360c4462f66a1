"""Benchmarks know when they miss their bar."""

from __future__ import annotations

import pytest

from benchmarks.bars import holds


@pytest.mark.parametrize(
    ("figure", "value", "met"),
    [
        ("p99, ms (<= 5)", 5.0, True),
        ("p99, ms (<= 5)", 5.1, False),
        ("times (< 2)", 2.0, False),
        ("failed (0)", 0.0, True),
        ("failed (0)", 1.0, False),
        ("calls (<= 1.23)", 1.24, False),
        ("slowest, ms", 9.0, True),
        ("share (>= 0.7)", 0.7, True),
        ("share (>= 0.7)", 0.69, False),
    ],
)
def test_a_bar_is_in_the_name(figure: str, value: float, met: bool) -> None:
    assert holds(figure, value) is met
