"""How a process runs to its end."""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")
_left_open: list[asyncio.Runner] = []


def run(
    work: Coroutine[Any, Any, T], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> T:
    """``asyncio.run``, but the loop is not closed: ``leave`` has to come next.

    To close it waits for every name that is still being looked up, which nothing can call back; while no DNS
    answers, that takes longer than a container has to stop.
    """
    runner = asyncio.Runner(loop_factory=loop_factory)
    _left_open.append(runner)  # else it would be closed with the last reference
    try:
        return runner.run(work)
    finally:
        runner.run(_wind_up())


def leave(status: int | str) -> NoReturn:
    """``sys.exit``, but threads that still run are cut off, and nobody looks for garbage a last time.

    A stop waits for this process, and what has to be done before it ends has been waited for by then. The
    interpreter would wait for threads, and free every object of every module for up to a quarter of a second.
    """
    if isinstance(status, str):
        print(status, file=sys.stderr)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(status if isinstance(status, int) else 1)


async def _wind_up() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
