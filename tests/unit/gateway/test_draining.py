"""How much of the grace requests under way get."""

from __future__ import annotations

import pytest

from msctl.gateway.process import draining_time


@pytest.mark.parametrize(
    ("grace", "seconds"), [(10.0, 9.0), (4.0, 3.0), (2.0, 1.5), (1.0, 0.75), (0.4, 0.3), (0.0, 0.0)]
)
def test_a_short_grace_is_for_the_requests(grace: float, seconds: float) -> None:
    assert draining_time(grace) == pytest.approx(seconds)
