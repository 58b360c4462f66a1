"""Attempts that took too long but may still answer before the ones that followed them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from msctl.gateway.errand import Waiter, as_task
from msctl.gateway.pool import Pool
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.upstream_ports import AttemptError
from msctl.gateway.wire.answer import AnswerHead
from msctl.resilience.endpoints import Endpoint

FAILED = 500


@dataclass(frozen=True, slots=True)
class Straggler:
    """An attempt whose answer is still awaited beside a later one."""

    endpoint: Endpoint
    connection: UpstreamConnection
    answer: Waiter[AnswerHead]


class Stragglers:
    """Waits for the first good answer among put-off attempts and calls ``overtake`` when it comes."""

    def __init__(self, pool: Pool, overtake: Callable[[], None]) -> None:
        self._pool = pool
        self._overtake = overtake
        self._running: list[Straggler] = []
        self._winner: tuple[Straggler, AnswerHead] | None = None
        self._idle: asyncio.Future[None] | None = None

    def add(self, endpoint: Endpoint, connection: UpstreamConnection) -> None:
        """Keep waiting for an attempt that has been put off."""
        straggler = Straggler(endpoint, connection, connection.waiter)
        self._running.append(straggler)
        straggler.answer.add_done_callback(lambda answer: self._ended(straggler, answer))

    @property
    def waiting(self) -> bool:
        """Whether any of them may still answer."""
        return bool(self._running)

    async def outwait(self, seconds: float) -> None:
        """Nothing else is under way: wait until one has won, all have failed, or ``seconds`` are over."""
        if self._winner is not None or not self._running:
            return
        await as_task()
        idle = self._idle = asyncio.get_running_loop().create_future()
        timer = asyncio.get_running_loop().call_later(seconds, self._wake)
        try:
            await idle
        finally:
            timer.cancel()
            self._idle = None

    def take_winner(self) -> tuple[Straggler, AnswerHead] | None:
        """The attempt that answered first, if any; it is the caller's to close from now on."""
        winner, self._winner = self._winner, None
        return winner

    def drop(self) -> None:
        """Nobody needs them any more."""
        running, self._running = self._running, []
        if (won := self.take_winner()) is not None:
            running.append(won[0])
        for straggler in running:
            self._close(straggler)

    def _ended(self, straggler: Straggler, answer: Waiter[AnswerHead]) -> None:
        failed = answer.exception() is not None
        if straggler not in self._running:
            return
        self._running.remove(straggler)
        if failed or answer.result().status >= FAILED or self._winner is not None:
            self._close(straggler)
        else:
            self._winner = straggler, answer.result()
            self._overtake()
        if self._winner is not None or not self._running:
            self._wake()

    def _wake(self) -> None:
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _close(self, straggler: Straggler) -> None:
        straggler.endpoint.outstanding -= 1
        straggler.connection.fail(AttemptError("overtaken", "another attempt answered"))
        self._pool.give_back(straggler.connection)
