"""One guarded call to a service: bulkhead, circuit, retries, attempts, in the order of the design."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msctl.gateway import problems
from msctl.gateway.outgoing import Outgoing, Refused, trouble_of
from msctl.gateway.patience import Patience, Upload
from msctl.gateway.place import Place
from msctl.gateway.problems import CLIENT_FAULTS, Trouble
from msctl.gateway.service import Nature, Service
from msctl.gateway.stragglers import FAILED, Stragglers
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.upstream_ports import AttemptError
from msctl.gateway.wire.answer import AnswerHead
from msctl.resilience.breaker import Permit, Refusal
from msctl.resilience.deadline import attempt_timeout, timeout_header
from msctl.resilience.endpoints import Endpoint
from msctl.resilience.retry import backoff

CONNECT_SECONDS = 1.0
LEAST_SECONDS = 0.01
"""With less time than this no further attempt is begun: it could only fail."""


class Call:
    """Make it, await ``answer``, ``settle`` once the body is through, and ``close`` in any case."""

    def __init__(
        self, service: Service, outgoing: Outgoing, nature: Nature, retried: Callable[[], None]
    ) -> None:
        self._service = service
        self._out = outgoing
        self._nature = nature
        self._retried = retried
        self._started = self._attempted = nature.clock()
        self._permit: Permit | None = None
        self._seat = Place(service, outgoing)
        self._tried: list[Endpoint] = []
        self._endpoint: Endpoint | None = None
        self._head_after: float | None = None
        self._failure: str | None = None
        self._granted = False
        self._refuses_body = False
        self._in_doubt: AttemptError | None = None
        self._stragglers = Stragglers(service.pool, self._overtaken)
        self._probation: asyncio.TimerHandle | None = None
        self.connection: UpstreamConnection | None = None
        self.interim: Callable[[AnswerHead], None] = lambda _head: None
        self.notes: list[str] = []

    @property
    def service_name(self) -> str:
        """The called service."""
        return self._service.name

    @property
    def place(self) -> str:
        """Where attempts went, for insiders."""
        at = [f"{self._endpoint.address.host}:{self._endpoint.address.port}"] if self._endpoint else []
        return "; ".join([*self.notes, *at])

    async def answer(self) -> AnswerHead:
        """The head of the answer to pass on; raises Refused, or WireError for a client's broken body."""
        self._enter()
        self._service.budget.count_request()
        while True:
            endpoint = self._service.pick(self._tried)
            if endpoint is None:
                raise self._refused(self._nobody())
            self._tried.append(endpoint)
            outcome = await self._attempt(endpoint)
            if (head := self._take_winner()) is not None:
                return head
            if isinstance(outcome, AnswerHead) and outcome.status < FAILED:
                return self._take(outcome)
            if not self._is_blameless(outcome):
                self._service.endpoints.failed(endpoint)
            self._doubt(outcome)
            if not self._may_retry(outcome):
                return await self._last(outcome)
            self._leave()
            self._retried()
            if not self._stragglers.waiting:
                await asyncio.sleep(min(backoff(len(self._tried), self._nature.dice), self._remaining()))

    async def _last(self, outcome: AnswerHead | AttemptError) -> AnswerHead:
        """No further attempt: what is still under way, else a failed answer, else trouble."""
        await self._stragglers.outwait(self._remaining())
        if (head := self._take_winner()) is not None:
            return head
        if isinstance(outcome, AnswerHead):
            self._failure = f"answered {outcome.status}"
            return self._take(outcome)
        raise self._refused(self._trouble(outcome))

    def settle(self, cut: str | None = None) -> None:
        """The body is through, or was ``cut`` short by the service; whoever refuses a body may cut that."""
        if self._refuses_body:
            cut = None
        endpoint = self._endpoint
        if endpoint is not None and self._failure is None:
            if cut is None:
                self._service.endpoints.succeeded(endpoint)
            else:
                self._service.endpoints.failed(endpoint)
        self._record(self._failure or cut)

    def close(self) -> None:
        """Give everything back; a call that was neither settled nor refused has been cancelled."""
        if self._probation is not None:
            self._probation.cancel()
        if self._permit is not None:
            if self._head_after is not None:
                self._record(self._failure)
            elif self._out.is_client_at_fault:
                self._permit.ignore()
            else:
                self._permit.cancel(self._elapsed())
        self._seat.leave()
        self._leave()
        self._stragglers.drop()

    def _enter(self) -> None:
        service = self._service
        self._seat.enter()
        if service.breaker is not None:
            got = service.breaker.acquire()
            if isinstance(got, Refusal):
                raise Refused(problems.circuit_open(service.name, got))
            self._permit = got
            if got.on_trial and self._out.is_uploading:
                patience = service.breaker.settings.slow_call
                self._probation = asyncio.get_running_loop().call_later(patience, self._end_trial)

    def prolong(self) -> None:
        """The answer may last as long as the client likes; raises Refused when too many do."""
        try:
            self._seat.prolong()
        except Refused:
            self.settle()
            raise

    def _end_trial(self) -> None:
        """An upload lasts too long to try a service with: let another call decide the circuit."""
        if self._out.is_uploading and self._permit is not None:
            self._permit.ignore()
            self._permit = None

    async def _attempt(self, endpoint: Endpoint) -> AnswerHead | AttemptError:
        endpoint.outstanding += 1
        self._attempted = self._nature.clock()
        self._endpoint = endpoint
        usual = self._service.latency(self._out.label).seconds
        seconds = attempt_timeout(self._remaining(), self._could_follow(), usual)
        try:
            return await self._on_instance(endpoint, seconds)
        except AttemptError as exc:
            self.notes.append(f"{endpoint.address.host}:{endpoint.address.port} {exc.cause}")
            if self._granted and self._out.body is None:
                self._put_aside()
            else:
                self._leave()
            return exc

    async def _on_instance(self, endpoint: Endpoint, seconds: float) -> AnswerHead:
        until = self._nature.clock() + seconds
        connection = self._service.pool.take(endpoint)
        if connection is not None:
            try:
                return await self._converse(connection, seconds)
            except AttemptError as exc:
                if not (exc.stale and (exc.untouched or self._out.repeatable) and self._is_replayable()):
                    raise
                self._doubt(exc)
                connection.abort()
                self._detach()
        seconds = max(0.0, until - self._nature.clock())
        try:
            connection = await self._service.pool.connect(endpoint, min(CONNECT_SECONDS, seconds))
        except AttemptError as exc:
            if self._out.hurried and seconds < CONNECT_SECONDS and exc.late:
                raise AttemptError("timeout", "no connection in time", untouched=True) from exc
            raise
        return await self._converse(connection, max(0.0, until - self._nature.clock()))

    async def _converse(self, connection: UpstreamConnection, seconds: float) -> AnswerHead:
        out = self._out
        self.connection = connection
        connection.interim = self.interim
        head = out.head + f"X-Timeout-Ms: {timeout_header(self._remaining())}\r\n\r\n".encode("ascii")
        waiter = connection.begin(out.method, head, out.chunked, out.body is not None)

        patience = Patience(lambda: self._expired(connection, patience))
        try:
            if out.body is None:
                patience.start(seconds)
            else:
                ended = self._uploaded if out.is_uploading else self._seat.uploaded
                Upload(connection, out.body, patience, seconds, ended).begin()
            return await waiter
        finally:
            patience.stop()

    def _uploaded(self) -> None:
        """The service's time counts from the end of the request: how long it took to come is the client's."""
        self._seat.uploaded()
        self._started = self._attempted = self._nature.clock()

    def _expired(self, connection: UpstreamConnection, patience: Patience) -> None:
        """An attempt takes too long: ask another instance as well, or wait on if that cannot be afforded."""
        left, error = self._remaining(), AttemptError("timeout", "no answer in time")
        if left <= 0.0 or self._out.is_uploading:
            connection.fail(error)
        elif not self._could_follow() or not self._service.budget.take():
            patience.start(left)
        else:
            self._granted = True
            if self._out.body is None:
                connection.put_off(error)
            else:
                connection.fail(error)

    def _put_aside(self) -> None:
        """Go on waiting for the present attempt beside the next one."""
        assert self._endpoint is not None  # noqa: S101
        assert self.connection is not None  # noqa: S101
        self._stragglers.add(self._endpoint, self.connection)
        self._endpoint = self.connection = None

    def _overtaken(self) -> None:
        """A straggler answered: the present attempt need not go on."""
        if self.connection is not None:
            self.connection.fail(AttemptError("overtaken", "another attempt answered"))

    def _take_winner(self) -> AnswerHead | None:
        if (won := self._stragglers.take_winner()) is None:
            return None
        self._leave()
        straggler, head = won
        self._endpoint, self.connection = straggler.endpoint, straggler.connection
        self._attempted = self._started
        return self._take(head)

    def _take(self, head: AnswerHead) -> AnswerHead:
        self._head_after = self._elapsed()
        self._refuses_body = head.status in CLIENT_FAULTS and self._out.body is not None
        if self._failure is None:
            self._service.latency(self._out.label).observe(self._nature.clock() - self._attempted)
        if self._permit is not None and self._permit.on_trial and self._failure is None:
            assert self._service.breaker is not None  # noqa: S101
            if self._probation is not None:
                self._probation.cancel()
            patience = self._service.breaker.settings.slow_call
            self._probation = asyncio.get_running_loop().call_later(patience, self._record, None)
        return head

    def _record(self, cause: str | None) -> None:
        permit, self._permit = self._permit, None
        if permit is None:
            return
        seconds = self._elapsed() if self._head_after is None else self._head_after
        if cause is None:
            permit.succeed(seconds)
        else:
            permit.fail(seconds, cause)

    def _refused(self, trouble: Trouble) -> Refused:
        if trouble.cause is not None:
            self._record(trouble.cause)
        return Refused(trouble)

    def _is_blameless(self, outcome: AnswerHead | AttemptError) -> bool:
        """Whether the instance could not help it: the caller had no time, or the gateway no connection."""
        if isinstance(outcome, AnswerHead):
            return False
        return outcome.kind == "exhausted" or (outcome.kind == "timeout" and self._out.hurried)

    def _may_retry(self, outcome: AnswerHead | AttemptError) -> bool:
        granted, self._granted = self._granted, False
        harmless = isinstance(outcome, AttemptError) and outcome.untouched
        return self._could_follow(harmless) and (granted or self._service.budget.take())

    def _could_follow(self, harmless: bool = False) -> bool:
        out = self._out
        return (
            len(self._tried) <= out.retries
            and (harmless or out.repeatable)
            and self._is_replayable()
            and self._remaining() > LEAST_SECONDS
            and bool(self._service.endpoints.candidates(self._tried))
        )

    def _is_replayable(self) -> bool:
        return self._out.body is None or self._out.body.replayable

    def _doubt(self, outcome: AnswerHead | AttemptError) -> None:
        """Remember an attempt that the instance may have acted on: no later one undoes that."""
        if isinstance(outcome, AnswerHead):
            self._in_doubt = AttemptError("bad-answer", f"answered {outcome.status}")
        elif not outcome.untouched:
            self._in_doubt = outcome

    def _nobody(self) -> Trouble:
        error = self._in_doubt
        return problems.no_instance(self._service.name) if error is None else self._trouble(error)

    def _trouble(self, error: AttemptError) -> Trouble:
        """What to tell; of a write that some instance may have acted on never that it was not done."""
        if self._out.is_write and error.untouched and self._in_doubt is not None:
            error = self._in_doubt
        return trouble_of(error, self._service.name, self._out, "; ".join(self.notes))

    def _leave(self) -> None:
        """End the present attempt: the connection is kept if it is clean."""
        self._detach()
        if self._endpoint is not None:
            self._endpoint.outstanding -= 1
            self._endpoint = None
        if self.connection is not None:
            self._service.pool.give_back(self.connection)
            self.connection = None

    def _detach(self) -> None:
        if self._out.body is not None:
            self._out.body.detach()

    def _elapsed(self) -> float:
        return self._nature.clock() - self._started

    def _remaining(self) -> float:
        return self._out.deadline.remaining(self._nature.clock())
