"""Tries parked events again when they are due, each key in its order."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from msctl.chassis.cloudevents import EventInvalid, parse
from msctl.chassis.handling import HANDLER_SECONDS, working_on
from msctl.chassis.parking import Failure
from msctl.chassis.retries import Retry, after_failure, bury, cause_of, headers_of
from msctl.chassis.store import DatabaseUnavailable
from msctl.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msctl.chassis.backoff import Backoff
    from msctl.chassis.cloudevents import Event
    from msctl.chassis.handling import Handlers
    from msctl.chassis.parking import Parked
    from msctl.chassis.store import Store

AT_A_TIME = 20
LOOK_SECONDS = 1.0
LEASE_SECONDS = HANDLER_SECONDS + 5.0
_log = logging.getLogger(__name__)


class Graves(Protocol):
    """Where dead letters are put."""

    async def bury(self, queue: str, event: Event, body: bytes, headers: Mapping[str, str | int]) -> None:
        """Have the broker confirm a dead letter; raises BrokerError when it is not known to be safe there."""


class ParkedWork:
    """Works on the first event of each lane; replicas share the work, each event is leased to one of them."""

    def __init__(
        self,
        service: str,
        handlers: Handlers,
        store: Store,
        graves: Graves,
        handled: Callable[[str, str], None],
        waits: tuple[str, ...],
        backoff: Backoff,
        look: float = LOOK_SECONDS,
    ) -> None:
        self._service = service
        self._handlers = handlers
        self._store = store
        self._graves = graves
        self._handled = handled
        self._waits = waits
        self._backoff = backoff
        self._look = look
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Work until stopped or cancelled."""
        failures = 0
        while not self._stopping.is_set():
            self._idle.clear()
            try:
                rest = await self.work_once()
                failures = 0
            except (BrokerError, DatabaseUnavailable) as error:
                failures += 1
                rest = self._backoff.delay(failures)
                _log.warning("parked events wait: %s", error)
            finally:
                self._idle.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._stopping.wait()

    async def stop(self) -> None:
        """Begin nothing more, and finish what is under way."""
        self._stopping.set()
        await self._idle.wait()

    async def work_once(self) -> float:
        """Try what is due; seconds until it is worth looking again."""
        async with self._store.transaction() as transaction:
            heads: Sequence[Parked] = await transaction.parking.heads(AT_A_TIME)
        due = [parked for parked in heads if parked.wait <= 0]
        outcomes = await asyncio.gather(*(self._try(parked) for parked in due), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if due:
            return 0.0
        return min([self._look, *(parked.wait for parked in heads)])

    async def _try(self, parked: Parked) -> None:
        if not await self._leased(parked):
            return
        event = parse(parked.body)
        if parked.tries > len(self._waits):
            await self._buried(parked, event, parked.cause)
            return
        with working_on(event):
            try:
                async with asyncio.timeout(HANDLER_SECONDS), self._store.transaction() as transaction:
                    outcome = await self._handlers.handle(event, transaction)
                    await transaction.parking.remove(parked)
            except DatabaseUnavailable:
                await self._postponed(parked, Failure(parked.tries, parked.cause, self._backoff.delay(1)))
                raise
            except EventInvalid as error:
                await self._buried(parked, event, cause_of(error))
            except Exception as error:
                await self._failed(parked, event, error)
            else:
                self._handled(event.type, outcome)

    async def _leased(self, parked: Parked) -> bool:
        async with self._store.transaction() as transaction:
            leased: bool = await transaction.parking.lease(parked, LEASE_SECONDS)
        return leased

    async def _failed(self, parked: Parked, event: Event, error: Exception) -> None:
        """Note the try, also the last one: that way it is counted though the broker be away."""
        step = after_failure(self._service, parked.tries, self._waits)
        _log.error("a handler of %s failed, it was try %d", event.type, step.tries, exc_info=error)
        wait = 0.0
        if isinstance(step, Retry):
            wait = step.wait
            self._handled(event.type, "retry")
        await self._postponed(parked, Failure(step.tries, cause_of(error), wait))

    async def _postponed(self, parked: Parked, failure: Failure) -> None:
        async def postpone(transaction: Any) -> str:
            await transaction.parking.postpone(parked, failure)
            return "postponed"

        await self._handlers.patiently(postpone)

    async def _buried(self, parked: Parked, event: Event, cause: str) -> None:
        """Dead first, gone then: what is cut off in between is buried again, never lost."""
        _log.error("an event was buried: %s", cause)
        step = bury(self._service, parked.tries)
        try:
            await self._graves.bury(step.queue, event, parked.body, headers_of(step.tries, cause))
        except BrokerError:
            await self._postponed(parked, Failure(parked.tries, cause, self._backoff.delay(1)))
            raise
        self._handled(event.type, "dead")

        async def remove(transaction: Any) -> str:
            await transaction.parking.remove(parked)
            return "dead"

        await self._handlers.patiently(remove)
