"""Limits of many attempts on one timer."""

from __future__ import annotations

import asyncio

from msctl.gateway.timers import TICK, Limit, Timers
from tests.unit.gateway.in_memory import eventually


def timers() -> Timers:
    return Timers(asyncio.get_running_loop().time)


async def test_a_limit_expires_after_its_moment_and_never_before() -> None:
    made, expired = timers(), list[float]()
    due = [made.clock() + seconds for seconds in (0.0, TICK, 0.011, 0.03)]
    for at in reversed(due):
        made.set(Limit(), at, lambda: expired.append(made.clock()))
    await eventually(lambda: len(expired) == len(due))
    assert all(late >= at for late, at in zip(expired, due, strict=True))
    assert made.limits == 0


async def test_a_limit_that_was_called_off_does_not_expire() -> None:
    made, expired = timers(), list[str]()
    kept, dropped = Limit(), Limit()
    at = made.clock() + 0.01
    made.set(dropped, at, lambda: expired.append("dropped"))
    made.set(kept, at, lambda: expired.append("kept"))
    dropped.clear()
    dropped.clear()
    assert made.limits == 1
    await eventually(lambda: expired)
    await asyncio.sleep(0.02)
    assert (expired, made.limits) == (["kept"], 0)


async def test_a_limit_that_is_put_off_expires_only_once() -> None:
    made, expired, limit = timers(), list[float](), Limit()
    begun = made.clock()
    for later in (0.01, 0.02, 0.03):
        made.set(limit, begun + later, lambda: expired.append(made.clock()))
    await eventually(lambda: expired)
    await asyncio.sleep(0.02)
    assert len(expired) == 1
    assert expired[0] >= begun + 0.03


async def test_a_limit_can_be_set_to_an_earlier_moment() -> None:
    made, expired, limit = timers(), list[str](), Limit()
    made.set(limit, made.clock() + 3600, lambda: expired.append("late"))
    made.set(limit, made.clock() + 0.01, lambda: expired.append("early"))
    await eventually(lambda: expired)
    assert (expired, made.limits) == (["early"], 0)


async def test_a_limit_can_be_set_again_as_it_expires() -> None:
    made, expired, limit = timers(), list[int](), Limit()

    def again() -> None:
        expired.append(len(expired))
        if len(expired) < 3:
            made.set(limit, made.clock(), again)

    made.set(limit, made.clock(), again)
    await eventually(lambda: len(expired) == 3)
    assert made.limits == 0


async def test_who_is_called_off_by_another_that_expires_with_it_does_not_expire() -> None:
    made, expired = timers(), list[str]()
    first, second = Limit(), Limit()
    at = made.clock() + 0.01

    def call_off() -> None:
        expired.append("first")
        second.clear()

    made.set(first, at, call_off)
    made.set(second, at, lambda: expired.append("second"))
    await eventually(lambda: expired)
    await asyncio.sleep(0.02)
    assert (expired, made.limits) == (["first"], 0)
