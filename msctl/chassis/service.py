"""A service in a few lines: routes, subscriptions and recurring work, declared with decorators."""

from __future__ import annotations

import logging
import os
import random
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from msctl import ending
from msctl.broker.event_schemas import DataCheck, Schemas, read_schemas
from msctl.chassis import context
from msctl.chassis.callee import Callee
from msctl.chassis.client import Client
from msctl.chassis.cloudevents import Event
from msctl.chassis.debugging import listen_if_asked
from msctl.chassis.handling import Subscription
from msctl.chassis.lifecycle import Declared, Periodic, Running
from msctl.chassis.server import Route
from msctl.chassis.settings import SettingsInvalid, read_settings
from msctl.chassis.store import DatabaseUnavailable
from msctl.errors import MsctlError
from msctl.model.chronicle import CIRCUIT
from msctl.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    import aiohttp

    from msctl.auth.identity import Identity
    from msctl.chassis import asgi
    from msctl.chassis.cloudevents import EventFactory
    from msctl.chassis.exchange import Request
    from msctl.chassis.redis_store import RedisStore
    from msctl.chassis.settings import Settings
    from msctl.chassis.tokens import CallTokens
    from msctl.resilience.breaker import CircuitState

    Handler = Callable[[Request], Awaitable[object]]
    Subscriber = Callable[[Event, Any], Awaitable[None]]
    Work = Callable[[], Awaitable[None]]

_log = logging.getLogger(__name__)


class Service:
    """Declares what a service does; ``run`` does it until SIGTERM.

    ``migrations`` is a folder of ``*.sql`` files, applied in name order before the service is ready.
    ``events`` is one of JSON Schemas, ``TYPE.json``: data is checked against them when an event is published.
    """

    def __init__(self, name: str, migrations: Path | None = None, events: Path | None = None) -> None:
        self.name = name
        self._events = events
        self._declared = Declared(migrations)
        self._running: Running | None = None

    def get(self, path: str, *, scope: str | None = None) -> Callable[[Handler], Handler]:
        """The decorated handler answers GET on the path template ``path``, for tokens with ``scope``."""
        return self.route("GET", path, scope=scope)

    def post(self, path: str, *, scope: str | None = None) -> Callable[[Handler], Handler]:
        """The decorated handler answers POST on ``path``, for tokens with ``scope``."""
        return self.route("POST", path, scope=scope)

    def put(self, path: str, *, scope: str | None = None) -> Callable[[Handler], Handler]:
        """The decorated handler answers PUT on ``path``, for tokens with ``scope``."""
        return self.route("PUT", path, scope=scope)

    def delete(self, path: str, *, scope: str | None = None) -> Callable[[Handler], Handler]:
        """The decorated handler answers DELETE on ``path``, for tokens with ``scope``."""
        return self.route("DELETE", path, scope=scope)

    def route(self, method: str, path: str, *, scope: str | None = None) -> Callable[[Handler], Handler]:
        """The decorated handler answers ``method`` on ``path``; it returns a Reply, or a 200's JSON value.

        Without a ``scope`` everybody in the project gets through; a token that comes must be valid even so.
        """

        def declare(handler: Handler) -> Handler:
            self._declared.routes.append(Route(method, path, handler, scope))
            return handler

        return declare

    def mount(self, application: asgi.Application) -> None:
        """Let an ASGI application, such as FastAPI's, answer what no route does; WebSockets it gets none.

        A ``Problem`` that it raises is answered as one, what else it does not catch with a 500.
        """
        self._declared.mounted = application

    async def caller(self, authorization: Sequence[str], scope: str | None = None) -> Identity | None:
        """Whom the ``Authorization`` fields of a request speak for; for applications that are mounted.

        Raises the ``Problem`` to answer with unless they allow ``scope``; nobody where nothing is checked.
        """
        if self._running is None or self._running.guard is None:
            return None
        return await self._running.guard.identity(authorization, scope)

    def subscribe(self, pattern: str) -> Callable[[Subscriber], Subscriber]:
        """The decorated handler gets each event whose type matches ``pattern``, and the transaction to use.

        Its effects and the note that it saw the event are one transaction. When it raises, the event is
        tried again after the waits of ``event_retries`` in the manifest, and then kept in the dead-letter
        queue. Retries and replicas may reorder events, unless the subscription is ``ordered`` there.
        """

        def declare(handler: Subscriber) -> Subscriber:
            self._declared.subscriptions.append(Subscription(pattern, handler))
            return handler

        return declare

    def every(self, seconds: float) -> Callable[[Work], Work]:
        """The decorated function runs every ``seconds`` in each instance, once the database is ready."""

        def declare(work: Work) -> Work:
            self._declared.periodic.append(Periodic(seconds, work))
            return work

        return declare

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """A transaction of the service's own database; what it publishes goes out if it commits."""
        if self._running is None:
            raise DatabaseUnavailable("the service is not running")
        return self._running.store.transaction()

    def redis(self) -> AbstractAsyncContextManager[Any]:
        """redis-py's client, to read with; for services whose database is Redis."""
        if self._running is None:
            raise DatabaseUnavailable("the service is not running")
        return cast("RedisStore", self._running.store).reading()

    def client(self, callee: str) -> Client:
        """Calls the service ``callee``, whose instances are followed while this service runs."""
        known = Callee(
            callee, time.monotonic, random.random, lambda state: self._circuit_changed(callee, state)
        )
        self._declared.callees.append(known)
        return Client(known, self._session, self._called, tokens=self._tokens)

    def _circuit_changed(self, callee: str, state: CircuitState) -> None:
        told = {"event": CIRCUIT, "subject": f"{self.name} → {callee}"}
        _log.warning("circuit to %s: %s", callee, state.value, extra=told)
        if self._running is not None:
            self._running.metrics.circuit(self.name, callee, state)

    def _session(self) -> aiohttp.ClientSession:
        if self._running is None or self._running.session is None:
            raise RuntimeError("calls can be made while the service runs")
        return self._running.session

    def _tokens(self) -> CallTokens | None:
        return None if self._running is None else self._running.tokens

    def _called(self, callee: str, outcome: str) -> None:
        if self._running is not None:
            self._running.metrics.called(callee, outcome)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, and exit: 0 after an orderly stop, 1 when the service cannot work."""
        import uvloop  # noqa: PLC0415

        try:
            settings = read_settings(self.name, os.environ)
            self._data_check()
            listen_if_asked(os.environ)
        except MsctlError as error:
            sys.exit(f"{self.name}: {error.message}")
        identity = {"service": settings.service, "instance": settings.instance}
        logs.configure(identity, settings.log_level, context.log_fields)
        ending.leave(ending.run(self.serve(settings), uvloop.new_event_loop))

    def _data_check(self) -> Callable[[str, object], None]:
        schemas = read_schemas(self._events) if self._events is not None else Schemas()
        for fault in schemas.faults:
            raise SettingsInvalid(f"{fault.file} is no JSON Schema: {fault.what}")
        return DataCheck(schemas.by_type).check

    async def serve(self, settings: Settings) -> int:
        """Run with ``settings`` until a signal, or until cancelled; the exit status."""
        self._running = Running(settings, self._declared, event_factory(settings, self._data_check()))
        try:
            return await self._running.until_stopped()
        finally:
            self._running = None


def event_factory(settings: Settings, check: Callable[[str, object], None]) -> EventFactory:
    """Makes events with the service as source, a random id, and the trace of the work at hand.

    ``check`` raises for data that an event of a type must not carry.
    """
    source = f"/{settings.project}/{settings.service}"

    def make(event_type: str, data: object, subject: str | None, key: str | None) -> Event:
        check(event_type, data)
        now, trace = datetime.now(UTC), context.traceparent()
        return Event(str(uuid.uuid4()), source, event_type, data, now, subject, trace, key)

    return make
