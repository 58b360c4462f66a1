"""Coroutines without a task: woken at once, failed in the loop's next turn, cancelled where they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

import pytest

from msctl.gateway.errand import Errand, Waiter, as_task
from tests.unit.gateway.in_memory import eventually


class Watched:
    """An errand and how it ended."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self.ends: list[bool] = []
        self.errand = Errand(work, self.ends.append)
        self.errand.go()


async def note(waiter: Awaitable[str], got: list[str], then_task: bool = False) -> None:
    try:
        got.append(await waiter)
        if then_task:
            await as_task()
            await asyncio.sleep(0)
            got.append("slept")
    except ValueError as exc:
        got.append(f"failed {exc}")
    except asyncio.CancelledError:
        got.append("cancelled")
        raise


async def test_a_result_is_there_at_once() -> None:
    waiter, got = Waiter[str](), list[str]()
    watched = Watched(note(waiter, got))
    assert (got, watched.ends) == ([], [])
    waiter.finish("yes")
    waiter.finish("no")
    assert (got, watched.ends) == (["yes"], [True])


async def test_a_failure_comes_in_the_next_turn() -> None:
    waiter, got = Waiter[str](), list[str]()
    watched = Watched(note(waiter, got))
    waiter.fail(ValueError("early"))
    waiter.finish("too late")
    assert got == []
    await asyncio.sleep(0)
    assert (got, watched.ends) == (["failed early"], [True])


async def test_what_is_done_is_not_waited_for() -> None:
    waiter, got = Waiter[str](), list[str]()
    waiter.finish_soon("ready")
    assert Watched(note(waiter, got)).ends == [True]
    assert got == ["ready"]


async def test_a_cancellation_is_quicker_than_a_failure_on_its_way() -> None:
    waiter, got = Waiter[str](), list[str]()
    watched = Watched(note(waiter, got))
    waiter.fail(ValueError("on its way"))
    watched.errand.cancel()
    await asyncio.sleep(0)
    assert (got, watched.ends) == (["cancelled"], [False])


@pytest.mark.parametrize("cancelled", [False, True])
async def test_it_becomes_a_task_where_it_asks_to(cancelled: bool) -> None:
    waiter, got = Waiter[str](), list[str]()
    watched = Watched(note(waiter, got, then_task=True))
    waiter.finish("yes")
    if cancelled:
        watched.errand.cancel()
    await eventually(lambda: watched.ends)
    assert (got, watched.ends) == (
        (["yes", "cancelled"], [False]) if cancelled else (["yes", "slept"], [True])
    )


@pytest.mark.parametrize(("done", "cancelled"), [(True, False), (True, True), (False, True)])
async def test_it_waits_for_futures_too(done: bool, cancelled: bool) -> None:
    future, got = asyncio.get_running_loop().create_future(), list[str]()
    watched = Watched(note(future, got))
    if done:
        future.set_result("yes")
    if cancelled:
        watched.errand.cancel()
    await eventually(lambda: watched.ends)
    await asyncio.sleep(0)
    assert (got, watched.ends) == ((["cancelled"], [False]) if cancelled else (["yes"], [True]))


async def test_a_task_awaits_a_waiter_like_a_future() -> None:
    waiter, got = Waiter[str](), list[str]()
    task = asyncio.create_task(note(waiter, got))
    await asyncio.sleep(0)
    waiter.finish("yes")
    await task
    other: Waiter[str] = Waiter()
    task = asyncio.create_task(note(other, got))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert got == ["yes", "cancelled"]
