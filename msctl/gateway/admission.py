"""What lets a call pass: its place in the bulkhead, and the circuit's permit until its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msctl.gateway import problems
from msctl.gateway.outgoing import Outgoing, Refused
from msctl.gateway.place import Place
from msctl.gateway.service import Service
from msctl.resilience.breaker import Permit, Refusal


class Admission(Place):
    """``admit`` it before the call, ``record`` its outcome once it is known, ``end`` it in any case.

    ``started`` is when the service's time began.
    """

    def __init__(self, service: Service, outgoing: Outgoing, now: float) -> None:
        super().__init__(service, outgoing)
        self.started = now
        self._answered_after: float | None = None
        self._permit: Permit | None = None
        self._probation: asyncio.TimerHandle | None = None

    def admit(self) -> None:
        """Take a place and a permit; raises Refused."""
        self.enter()
        service = self._service
        if service.breaker is not None:
            got = service.breaker.acquire()
            if isinstance(got, Refusal):
                raise Refused(problems.circuit_open(service.name, got))
            self._permit = got
            if got.is_trial and self._out.is_uploading:
                self._try_for(service.breaker.settings.slow_call, self._end_trial)

    def answered(self, now: float, failure: str | None) -> None:
        """The head of the answer is here; a good one on trial need not wait for the end of its body."""
        self._answered_after = now - self.started
        permit = self._permit
        if failure is None and permit is not None and permit.is_trial and permit.on_trial:
            assert self._service.breaker is not None  # noqa: S101
            self._try_for(self._service.breaker.settings.slow_call, lambda: self.record(None))

    def record(self, cause: str | None) -> None:
        """Tell the circuit the outcome, the first time this is said; None is a success."""
        permit, self._permit = self._permit, None
        if permit is None:
            return
        seconds = self._elapsed() if self._answered_after is None else self._answered_after
        if cause is None:
            permit.succeed(seconds)
        else:
            permit.fail(seconds, cause)

    def end(self, failure: str | None) -> None:
        """Give everything back; a call that was neither answered nor refused has been cancelled."""
        if self._probation is not None:
            self._probation.cancel()
        if self._permit is not None:
            if self._answered_after is not None:
                self.record(failure)
            elif self._out.is_client_at_fault:
                self._permit.ignore()
            else:
                self._permit.cancel(self._elapsed())
        self.leave()

    def _try_for(self, seconds: float, then: Callable[[], None]) -> None:
        """What a call on trial does when it takes longer than a circuit can wait for its verdict."""
        if self._probation is not None:
            self._probation.cancel()
        self._probation = asyncio.get_running_loop().call_later(seconds, then)

    def _end_trial(self) -> None:
        """An upload lasts too long to try a service with: let another call decide the circuit."""
        if self._out.is_uploading and self._permit is not None:
            self._permit.ignore()
            self._permit = None

    def _elapsed(self) -> float:
        return self._service.nature.clock() - self.started
