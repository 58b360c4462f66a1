"""One guarded call to a service: bulkhead, circuit, retries, attempts, in the order of the design."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msctl.gateway.admission import Admission
from msctl.gateway.connection import ignore
from msctl.gateway.errand import Waiter, as_task
from msctl.gateway.failures import Failures, is_blameless, place_of
from msctl.gateway.outgoing import Outgoing, Refused
from msctl.gateway.problems import CLIENT_FAULTS, Trouble
from msctl.gateway.service import Service
from msctl.gateway.stragglers import FAILED, Stragglers
from msctl.gateway.upload import Upload
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.upstream_ports import AttemptError
from msctl.gateway.wire.answer import AnswerHead
from msctl.resilience.deadline import attempt_timeout, timeout_ms
from msctl.resilience.endpoints import Endpoint
from msctl.resilience.retry import backoff

CONNECT_SECONDS = 1.0
LEAST_SECONDS = 0.01
"""With less time than this no further attempt is begun: it could only fail."""


class Call:
    """Make it, await ``answer``, ``settle`` once the body is through, and ``close`` in any case."""

    def __init__(self, service: Service, outgoing: Outgoing, now: float) -> None:
        self._service = service
        self._out = outgoing
        self._clock = service.nature.clock
        self._latency = service.latency(outgoing.label)
        self._attempted = now
        self._admission = Admission(service, outgoing, now)
        self._tried: list[Endpoint] = []
        self._endpoint: Endpoint | None = None
        self._failure: str | None = None
        self._granted = False
        self._refuses_body = False
        self._failures: Failures | None = None
        self._stragglers: Stragglers | None = None
        self._upload: Upload | None = None
        self.connection: UpstreamConnection | None = None
        self.interim: Callable[[AnswerHead], None] = ignore

    @property
    def service_name(self) -> str:
        """The called service."""
        return self._service.name

    @property
    def place(self) -> str:
        """Where attempts went, for insiders."""
        notes = [] if self._failures is None else self._failures.notes
        return "; ".join([*notes, *([place_of(self._endpoint)] if self._endpoint else [])])

    async def answer(self) -> AnswerHead:
        """The head of the answer to pass on; raises Refused, or WireError for a client's broken body."""
        self._admission.admit()
        self._service.budget.count_request(self._attempted)
        while True:
            endpoint = self._service.pick(self._tried)
            if endpoint is None:
                raise self._refused(self._failed().nobody())
            self._tried.append(endpoint)
            try:
                outcome: AnswerHead | AttemptError = await self._attempt(endpoint)
            except AttemptError as exc:
                outcome = await self._retrieve(endpoint, exc)
            finally:
                self._lose_patience()
            if self._stragglers is not None and (head := self._take_winner(self._stragglers)) is not None:
                return head
            if isinstance(outcome, AnswerHead) and outcome.status < FAILED:
                return self._take(outcome)
            if not is_blameless(outcome, self._out.hurried):
                self._service.endpoints.failed(endpoint)
            self._failed().doubt(outcome)
            if not self._may_retry(outcome):
                return await self._last(outcome)
            self._leave()
            self._service.retried()
            if self._stragglers is None or not self._stragglers.waiting:
                await as_task()
                pause = backoff(len(self._tried), self._service.nature.dice)
                await asyncio.sleep(min(pause, self._remaining()))

    async def _last(self, outcome: AnswerHead | AttemptError) -> AnswerHead:
        """No further attempt: what is still under way, else a failed answer, else trouble."""
        if self._stragglers is not None:
            await self._stragglers.outwait(self._remaining())
            if (head := self._take_winner(self._stragglers)) is not None:
                return head
        if isinstance(outcome, AnswerHead):
            self._failure = f"answered {outcome.status}"
            return self._take(outcome)
        raise self._refused(self._failed().trouble(outcome))

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
        self._admission.record(self._failure or cut)

    def prolong(self) -> None:
        """The answer may last as long as the client likes; raises Refused when too many do."""
        try:
            self._admission.prolong()
        except Refused:
            self.settle()
            raise

    def close(self) -> None:
        """Give everything back."""
        self._admission.end(self._failure)
        self._leave()
        if self._stragglers is not None:
            self._stragglers.drop()

    def _attempt(self, endpoint: Endpoint) -> Awaitable[AnswerHead]:
        """Ask an instance; what is returned gives the answer's head or raises AttemptError."""
        endpoint.outstanding += 1
        self._endpoint = endpoint
        if self._failures is not None:
            self._attempted = self._clock()
        connection = self._service.pool.take(endpoint, self._attempted)
        if connection is not None and connection.used > 1:
            return self._converse(connection, self._patience(), self._attempted)
        return self._anew(endpoint, connection)

    def _patience(self) -> float:
        """Until when the present attempt is waited for before another one is made."""
        now, until = self._attempted, self._out.until
        if self._could_follow(now):
            until = now + attempt_timeout(until - now, True, self._latency.seconds)
        return until

    async def _anew(self, endpoint: Endpoint, used: UpstreamConnection | None = None) -> AnswerHead:
        """Ask on a connection that was ``used`` once and proves itself now, or on a new one."""
        until = self._patience()
        connection = None if used is None else await self._service.pool.proven(used)
        if connection is None:
            connection = await self._connect(endpoint, max(0.0, until - self._clock()))
        return await self._converse(connection, until, self._clock())

    async def _connect(self, endpoint: Endpoint, seconds: float) -> UpstreamConnection:
        try:
            return await self._service.pool.connect(endpoint, min(CONNECT_SECONDS, seconds))
        except AttemptError as exc:
            if self._out.hurried and seconds < CONNECT_SECONDS and exc.late:
                raise AttemptError("timeout", "no connection in time", untouched=True) from exc
            raise

    async def _retrieve(self, endpoint: Endpoint, error: AttemptError) -> AnswerHead | AttemptError:
        """An attempt failed; if a kept connection turned out to be dead, a new one may have the answer."""
        connection = self.connection
        may_repeat = error.stale and self._out.may_be_repeated(error.untouched)
        if connection is not None and connection.used > 1 and may_repeat:
            self._failed().doubt(error)
            self._lose_patience()
            connection.abort()
            self._detach()
            try:
                return await self._anew(endpoint)
            except AttemptError as exc:
                error = exc
        self._lose_patience()
        self._failed().note(endpoint, error)
        if self._granted and self._out.body is None:
            self._put_aside()
        else:
            self._leave()
        return error

    def _converse(self, connection: UpstreamConnection, until: float, now: float) -> Waiter[AnswerHead]:
        """Send the request; what is returned gives the answer's head."""
        out = self._out
        self.connection = connection
        connection.interim = self.interim
        head = b"%bX-Timeout-Ms: %d\r\n\r\n" % (out.head, timeout_ms(out.until - now))
        waiter = connection.begin(out.method, head, out.chunked, out.body is not None)
        timers = self._service.timers
        if out.body is None:
            timers.set(connection.limit, until, self._expired)
        else:
            ended = self._uploaded if out.is_uploading else self._admission.uploaded
            seconds = max(0.0, until - now)
            self._upload = Upload(connection, out.body, timers, seconds, self._expired, ended)
            self._upload.begin()
        return waiter

    def _lose_patience(self) -> None:
        if self._upload is not None:
            self._upload.answered()
            self._upload = None
        elif self.connection is not None:
            self.connection.limit.clear()

    def _uploaded(self) -> None:
        """The service's time counts from the end of the request: how long it took to come is the client's."""
        self._admission.uploaded()
        self._admission.started = self._attempted = self._clock()

    def _expired(self) -> None:
        """An attempt takes too long: ask another instance as well, or wait on if that cannot be afforded."""
        connection = self.connection
        assert connection is not None  # noqa: S101
        now, error = self._clock(), AttemptError("timeout", "no answer in time")
        if now >= self._out.until or self._out.is_uploading:
            connection.fail(error)
        elif not self._could_follow(now) or not self._service.budget.take():
            self._service.timers.set(connection.limit, self._out.until, self._expired)
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
        if self._stragglers is None:
            self._stragglers = Stragglers(self._service.pool, self._overtaken)
        self._stragglers.add(self._endpoint, self.connection)
        self._endpoint = self.connection = None

    def _overtaken(self) -> None:
        """A straggler answered: the present attempt need not go on."""
        if self.connection is not None:
            self.connection.fail(AttemptError("overtaken", "another attempt answered"))

    def _take_winner(self, stragglers: Stragglers) -> AnswerHead | None:
        if (won := stragglers.take_winner()) is None:
            return None
        self._leave()
        straggler, head = won
        self._endpoint, self.connection = straggler.endpoint, straggler.connection
        self._attempted = self._admission.started
        return self._take(head)

    def _take(self, head: AnswerHead) -> AnswerHead:
        now = self._clock()
        self._admission.answered(now, self._failure)
        self._refuses_body = head.status in CLIENT_FAULTS and self._out.body is not None
        if self._failure is None:
            self._latency.observe(now - self._attempted)
        return head

    def _failed(self) -> Failures:
        if self._failures is None:
            self._failures = Failures(self._service.name, self._out)
        return self._failures

    def _refused(self, trouble: Trouble) -> Refused:
        if trouble.cause is not None:
            self._admission.record(trouble.cause)
        return Refused(trouble)

    def _may_retry(self, outcome: AnswerHead | AttemptError) -> bool:
        granted, self._granted = self._granted, False
        harmless = isinstance(outcome, AttemptError) and outcome.untouched
        return self._could_follow(self._clock(), harmless) and (granted or self._service.budget.take())

    def _could_follow(self, now: float, harmless: bool = False) -> bool:
        out = self._out
        return (
            self._service.endpoints.has_other(self._tried)
            and len(self._tried) <= out.retries
            and out.may_be_repeated(harmless)
            and out.until - now > LEAST_SECONDS
        )

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

    def _remaining(self) -> float:
        return max(0.0, self._out.until - self._clock())
