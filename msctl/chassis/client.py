"""Calls to another service: deadline ⊃ circuit ⊃ retry ⊃ attempt on one instance."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from msctl.auth.asking import AuthUnavailable, TokenDenied
from msctl.chassis import context
from msctl.chassis.problems import Problem
from msctl.resilience.breaker import Refusal
from msctl.resilience.deadline import Deadline, attempt_timeout, timeout_header
from msctl.resilience.refusal import refusal_sentence, retry_at, whole_seconds
from msctl.resilience.retry import backoff, is_repeatable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from msctl.chassis.callee import Callee
    from msctl.chassis.tokens import CallTokens
    from msctl.resilience.endpoints import Endpoint

CALL_SECONDS = 2.0
CONNECT_SECONDS = 0.5
"""A machine that is gone answers nothing at all: long before the call's end another one is asked."""

SHARE_FOR_CALLS = 0.95
"""Of the caller's time; the rest is for telling the caller which service did not answer."""

RETRIES = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What another service answered; ``body`` is its JSON, or nothing when it was none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class CallFailed(Problem):
    """Another service gave no usable answer; ``cause`` is what its circuit counts.

    ``untouched`` means that the request never reached it, so that even a write can be made elsewhere.
    """

    untouched = False

    def __init__(self, status: int, kind: str, detail: str, cause: str, **members: object) -> None:
        super().__init__(status, kind, detail, **members)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    body: object
    headers: Mapping[str, str]
    deadline: Deadline

    def bearing(self, token: str) -> _Call:
        """The same call with a token."""
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})

    @property
    def repeatable(self) -> bool:
        return is_repeatable(self.method, "Idempotency-Key" in self.headers)


class Client:
    """Calls one other service; a 5xx or no answer raises CallFailed, anything else is an Answer."""

    def __init__(
        self,
        callee: Callee,
        session: Callable[[], aiohttp.ClientSession],
        called: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
        tokens: Callable[[], CallTokens | None] = lambda: None,
    ) -> None:
        self._callee = callee
        self._session = session
        self._called = called
        self._clock = clock
        self._tokens = tokens

    async def get(self, path: str) -> Answer:
        """GET ``path``."""
        return await self._call("GET", path, None, None)

    async def post(self, path: str, body: object, *, key: str | None = None) -> Answer:
        """POST ``body`` as JSON; with an Idempotency-Key ``key`` a failure may be retried elsewhere."""
        return await self._call("POST", path, body, key)

    async def _call(self, method: str, path: str, body: object, key: str | None) -> Answer:
        """With a token where there are such; one that is not accepted is replaced once."""
        begun, tokens = self._clock(), self._tokens()
        remaining = context.remaining()
        seconds = CALL_SECONDS if remaining is None else min(CALL_SECONDS, remaining * SHARE_FOR_CALLS)
        deadline = Deadline(begun + seconds)
        headers = context.outgoing_headers() | ({"Idempotency-Key": key} if key else {})
        call = _Call(method, path, body, headers, deadline)
        if tokens is None:
            return await self._guarded(call)
        token = await self._token(tokens, deadline)
        answer = await self._guarded(call.bearing(token))
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        tokens.forget(self._callee.name, token)
        return await self._guarded(call.bearing(await self._token(tokens, deadline)))

    async def _token(self, tokens: CallTokens, deadline: Deadline) -> str:
        try:
            return await tokens.token(self._callee.name, deadline.remaining(self._clock()))
        except (TokenDenied, AuthUnavailable, TimeoutError) as error:
            cause = (
                f"no token: {error}" if isinstance(error, TokenDenied) else "no token: auth does not answer"
            )
            detail = f"Service '{self._callee.name}' cannot be called: {cause}"
            raise CallFailed(503, "auth-unavailable", detail, cause) from error

    async def _guarded(self, call: _Call) -> Answer:
        permit = self._callee.breaker.acquire()
        if isinstance(permit, Refusal):
            raise self._refused(permit)
        begun = self._clock()
        try:
            answer = await self._attempts(call)
        except CallFailed as error:
            permit.fail(self._clock() - begun, error.cause)
            raise
        except BaseException:
            permit.cancel(self._clock() - begun)
            raise
        permit.succeed(self._clock() - begun)
        return answer

    async def _attempts(self, call: _Call) -> Answer:
        self._callee.budget.count_request()
        tried: list[Endpoint] = []
        while True:
            endpoint = self._callee.pick(tried)
            if endpoint is None:
                raise self._failed("no passing instance")
            others = len(tried) < RETRIES and self._callee.pick([*tried, endpoint]) is not None
            try:
                answer = await self._attempt(call, endpoint, others and call.repeatable)
            except CallFailed as error:
                self._callee.endpoints.failed(endpoint)
                tried.append(endpoint)
                can_follow = others and (call.repeatable or error.untouched)
                if not can_follow or not self._callee.budget.take():
                    raise
                await asyncio.sleep(backoff(len(tried), random.random))
            else:
                self._callee.endpoints.succeeded(endpoint)
                return answer

    async def _attempt(self, call: _Call, endpoint: Endpoint, can_follow: bool) -> Answer:
        remaining = call.deadline.remaining(self._clock())
        seconds = attempt_timeout(remaining, can_follow)
        endpoint.outstanding += 1
        try:
            answer = await self._request(call, endpoint, seconds)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            failed = self._failed(_phrase(error))
            failed.untouched = True
            raise failed from error
        except TimeoutError as error:
            raise self._failed("time-out", status=504, kind="upstream-timeout") from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._failed(_phrase(error)) from error
        finally:
            endpoint.outstanding -= 1
        self._called(self._callee.name, str(answer.status))
        if answer.status >= 500:  # noqa: PLR2004
            raise self._failed(f"status {answer.status}")
        return answer

    async def _request(self, call: _Call, endpoint: Endpoint, seconds: float) -> Answer:
        address = endpoint.address
        url = f"http://{address.host}:{address.port}{call.path}"
        headers = {**call.headers, "X-Timeout-Ms": timeout_header(seconds)}
        # A total of zero would mean no limit at all.
        timeout = aiohttp.ClientTimeout(total=max(seconds, 0.001), sock_connect=CONNECT_SECONDS)
        async with self._session().request(
            call.method, url, json=call.body, headers=headers, timeout=timeout
        ) as response:
            content = await response.read()
            return Answer(response.status, _decoded(content), dict(response.headers))

    def _failed(self, cause: str, status: int = 503, kind: str = "upstream-unavailable") -> CallFailed:
        if not cause.startswith("status "):
            self._called(self._callee.name, cause)
        return CallFailed(status, kind, f"Service '{self._callee.name}' is unavailable: {cause}", cause)

    def _refused(self, refusal: Refusal) -> CallFailed:
        sentence = refusal_sentence(self._callee.name, refusal)
        at = retry_at(datetime.now(UTC), whole_seconds(refusal.retry_in))
        failed = CallFailed(
            503, "circuit-open", sentence, "circuit open", circuit=refusal.state.value, retry_at=at
        )
        failed.retry_after = whole_seconds(refusal.retry_in)
        return failed


def _phrase(error: Exception) -> str:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return "no connection in time"
        case aiohttp.ClientConnectorDNSError():
            return "name not found"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "connection refused"
        case aiohttp.ServerDisconnectedError() | ConnectionResetError() | aiohttp.ClientOSError():
            return "connection lost"
        case _:
            return "connection failed"


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
