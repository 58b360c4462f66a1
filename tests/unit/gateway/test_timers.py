"""Limits of many attempts on one timer."""

from __future__ import annotations

import asyncio

from msctl.gateway.timers import TICK, Limit, Timers
from tests.unit.gateway.in_memory import eventually


async def test_a_limit_expires_after_its_moment_and_never_before() -> None:
    clock = asyncio.get_running_loop().time
    expired: list[float] = []
    timers = Timers(clock)
    due = [clock() + seconds for seconds in (0.0, TICK, 0.011, 0.03)]
    for at in reversed(due):
        timers.set(Limit(lambda: expired.append(clock())), at)
    await eventually(lambda: len(expired) == len(due))
    assert all(late >= at for late, at in zip(expired, due, strict=True))


async def test_a_limit_that_was_called_off_does_not_expire() -> None:
    expired: list[str] = []
    timers = Timers(asyncio.get_running_loop().time)
    kept, dropped = Limit(lambda: expired.append("kept")), Limit(lambda: expired.append("dropped"))
    at = timers.clock() + 0.01
    timers.set(dropped, at)
    timers.set(kept, at)
    timers.clear(dropped)
    timers.clear(dropped)
    await eventually(lambda: expired)
    assert expired == ["kept"]
    assert (kept.slot, dropped.slot, timers._due) == (None, None, {})


async def test_a_limit_can_be_set_again_as_it_expires() -> None:
    timers = Timers(asyncio.get_running_loop().time)
    expired: list[int] = []

    def again() -> None:
        expired.append(len(expired))
        if len(expired) < 3:
            timers.set(limit, timers.clock())

    limit = Limit(again)
    timers.set(limit, timers.clock())
    await eventually(lambda: len(expired) == 3)
    assert limit.slot is None
