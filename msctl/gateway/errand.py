"""Coroutines that run at once, without a task of the loop's for as long as they only wait for ``Waiter``s.

A task costs three turns of the loop and as much time as everything else that a plain request needs.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Waiter(Generic[T]):
    """A result for whoever awaits it, an errand or (it looks like a future) a task; the first one counts.

    ``callback`` is called once when it is done.
    """

    __slots__ = ("_asyncio_future_blocking", "_error", "_result", "callback", "done")

    _result: T

    def __init__(self) -> None:
        self._asyncio_future_blocking = False
        self.callback: Callable[[], object] | None = None
        self._error: BaseException | None = None
        self.done = False

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done:
            self._asyncio_future_blocking = True
            yield self
        if self._error is not None:
            raise self._error
        return self._result

    def finish(self, result: T) -> None:
        """Give the result; the coroutine goes on before this returns, so it is the last thing to do."""
        if self.done:
            return
        self.done = True
        self._result = result
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()

    def finish_soon(self, result: T) -> None:
        """Give the result; the coroutine goes on in the loop's next turn."""
        if not self.done:
            self.done = True
            self._result = result
            self._wake_soon()

    def fail(self, error: BaseException) -> None:
        """Raise ``error`` in the coroutine in the loop's next turn."""
        if not self.done:
            self.done = True
            self._error = error
            self._wake_soon()

    def result(self) -> T:
        """What it was finished with, or raises what it failed with."""
        if self._error is not None:
            raise self._error
        return self._result

    def exception(self) -> BaseException | None:
        """What it failed with."""
        return self._error

    def add_done_callback(
        self, callback: Callable[[Waiter[T]], object], *, context: Context | None = None
    ) -> None:
        """As a future's: call back in the loop's next turn after it is done."""
        loop = asyncio.get_running_loop()
        self.callback = lambda: loop.call_soon(callback, self, context=context)
        if self.done:
            self.callback()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """As a future's."""
        return asyncio.get_running_loop()

    def cancel(self, msg: object | None = None) -> bool:  # noqa: ARG002
        """As a future's; also without a running loop, for the callback of a task knows its own."""
        if self.done:
            return False
        self.done = True
        self._error = asyncio.CancelledError()
        self._call()
        return True

    def _wake_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._call)

    def _call(self) -> None:
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()


class Errand:
    """One coroutine under way; ``over`` is called when it has ended, with whether it did so in order.

    It may wait for asyncio's futures as well; only what asks for the current task (``asyncio.timeout``, task
    groups) needs ``as_task`` before.
    """

    __slots__ = ("_over", "_task", "_waiter", "_work")

    def __init__(self, work: Coroutine[Any, Any, None], over: Callable[[bool], None]) -> None:
        self._work = work
        self._over = over
        self._task: asyncio.Task[None] | None = None
        self._waiter: Waiter[Any] | asyncio.Future[Any] | None = None

    def go(self) -> None:
        """Run until it waits or ends."""
        try:
            self._wait(self._work.send(None))
            return
        except StopIteration:
            pass
        except asyncio.CancelledError:
            self._over(False)
            return
        except BaseException:
            self._over(False)
            raise
        self._over(True)

    def cancel(self) -> None:
        """Raise CancelledError where it waits."""
        if self._task is not None:
            self._task.cancel()
            return
        if isinstance(self._waiter, Waiter):
            self._waiter.callback = None
        elif self._waiter is not None and self._waiter.cancel():
            return
        self._waiter = None
        try:
            self._wait(self._work.throw(asyncio.CancelledError()))
            return
        except (StopIteration, asyncio.CancelledError):
            pass
        self._over(False)

    def _resume(self, future: asyncio.Future[Any]) -> None:
        if self._waiter is future:
            self.go()

    def _wait(self, waiter: Waiter[Any] | asyncio.Future[Any] | None) -> None:
        self._waiter = waiter
        if isinstance(waiter, Waiter):
            waiter.callback = self.go
            return
        if waiter is not None:
            waiter._asyncio_future_blocking = False
            waiter.add_done_callback(self._resume)
            return
        self._task = asyncio.get_running_loop().create_task(self._work)
        self._task.add_done_callback(lambda task: self._over(not task.cancelled()))


@types.coroutine
def as_task() -> Generator[None, None, None]:
    """Await this before anything of asyncio's: an errand becomes a task, for a task it is one turn."""
    yield
