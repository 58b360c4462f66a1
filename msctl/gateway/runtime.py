"""The running gateway: owns connections, services and the table in force."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from msctl.gateway.answering import Answering
from msctl.gateway.client import ClientConnection
from msctl.gateway.config import GatewayConfig
from msctl.gateway.exchange import Exchange
from msctl.gateway.files import FileBudget
from msctl.gateway.measures import Measures
from msctl.gateway.probing import Probing
from msctl.gateway.problems import Trouble
from msctl.gateway.request_body import RequestBody
from msctl.gateway.service import Nature, Service
from msctl.gateway.table import compile_table
from msctl.gateway.wire.fields import Fields, WireError
from msctl.gateway.wire.request import RequestHead
from msctl.model.chronicle import CIRCUIT
from msctl.resilience.breaker import CircuitState
from msctl.telemetry.trace import RandomBits, TraceContext, begin, proceed

P = ParamSpec("P")

_log = logging.getLogger("msctl.gateway")

NO_REQUEST = RequestHead("GET", "/", "/", "", 1, Fields([]), "", None, False, False, False, False)
"""Stands for the request that bytes were none of."""

IDLE_GRACE = 0.5
"""How long idle connections stay open for a last request once the process is told to end."""


class Gateway:
    """One gateway process; ``max_connections`` bounds its clients, ``files`` its connections to instances."""

    def __init__(
        self,
        config: GatewayConfig,
        nature: Nature,
        measures: Measures,
        answering: Answering,
        max_connections: int,
        files: FileBudget,
    ) -> None:
        self.nature = nature
        self.clock = nature.clock
        self.measures = measures
        self.draining = False
        self.connections: set[ClientConnection] = set()
        self._probing = Probing()
        self._empty: asyncio.Event | None = None
        self._answering = answering
        self._max_connections = max_connections
        self._files = files
        self.table = compile_table(config, None, self._maker(config), nature.clock, nature.wall)
        measures.count_connections(lambda: len(self.connections))

    def reconfigure(self, config: GatewayConfig, max_connections: int) -> None:
        """Put a new document in force; requests under way end under the old one."""
        old = self.table
        self._max_connections = max_connections
        self._answering.access.share = config.access_log
        self.table = compile_table(config, old, self._maker(config), self.nature.clock, self.nature.wall)
        for name, service in old.services.items():
            if name not in self.table.services:
                service.pool.close()
        routes = frozenset(compiled.label for compiled in self.table.router.routes)
        self.measures.keep(routes, frozenset(self.table.services))

    def admit(self, connection: ClientConnection) -> bool:
        """Count a new connection in."""
        if len(self.connections) >= self._max_connections:
            return False
        self.connections.add(connection)
        return True

    def left(self, connection: ClientConnection) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if self._empty is not None and not self.connections:
            self._empty.set()

    def sweep(self) -> None:
        """End waits that took too long, a few times a second; what fails in one step stops no other."""
        now = self.clock()
        for connection in tuple(self.connections):
            _survive(connection.sweep, now)
        for service in self.table.services.values():
            _survive(service.pool.sweep)
            _survive(self._probing.begin, service)
        _survive(self._answering.access.flush)

    def begin(self, head: RequestHead, body: RequestBody | None, connection: ClientConnection) -> Exchange:
        """The exchange of a request, continuing its trace."""
        bits = self.nature.bits
        trace = begin(bits) if b"traceparent" not in head.fields.named else _continued(head.fields, bits)
        return Exchange(head, body, connection, trace, self.clock())

    def serve(self, exchange: Exchange) -> Coroutine[Any, Any, None]:
        """Answer it under the table of this moment."""
        return self._answering.serve(exchange, self.table)

    def reject(self, connection: ClientConnection, error: WireError) -> None:
        """Answer bytes that are no request."""
        self._answering.reject(self.begin(NO_REQUEST, None, connection), error, self.table)

    def turn_away(self, connection: ClientConnection) -> None:
        """Tell a client that there are too many."""
        detail = f"the gateway holds {len(self.connections)} connections; retry in 1 s"
        trouble = Trouble("too-many-connections", detail, retry_in=1.0)
        exchange = self.begin(NO_REQUEST, None, connection)
        exchange.close = True
        exchange.refuse(trouble, self.table.full_errors)

    async def drain(self, seconds: float) -> None:
        """Let requests under way end within ``seconds``, then cut the rest."""
        self.draining = True
        until = self.clock() + seconds
        await self._gone_within(min(IDLE_GRACE, seconds))
        for connection in tuple(self.connections):
            connection.drain()
        await self._gone_within(max(0.0, until - self.clock()))
        for connection in tuple(self.connections):
            connection.abort()
        self._probing.close()
        for service in self.table.services.values():
            service.pool.close()
        self._answering.access.flush()

    async def _gone_within(self, seconds: float) -> None:
        """Wait until the last connection is closed, for at most ``seconds``."""
        if not self.connections:
            return
        self._empty = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()

    def _circuit_changed(self, name: str, old: CircuitState, new: CircuitState) -> None:
        self.measures.transition(name, new)
        words = f"{name}: circuit {old.value} → {new.value}"
        _log.info("%s", words, extra={"event": CIRCUIT, "subject": f"gateway → {name}"})

    def _maker(self, config: GatewayConfig) -> Callable[[str], Service]:
        def make(name: str) -> Service:
            self.measures.circuit(name, CircuitState.CLOSED)
            return Service(
                config.services[name],
                self.nature,
                self._circuit_changed,
                self.measures.retrying(name),
                self._files,
            )

        return make


def _continued(fields: Fields, bits: RandomBits) -> TraceContext:
    parents = [value.decode("latin-1") for value in fields.all(b"traceparent")]
    states = [value.decode("latin-1") for value in fields.all(b"tracestate")]
    return proceed(parents, states, bits)


def _survive(step: Callable[P, None], *given: P.args, **named: P.kwargs) -> None:
    try:
        step(*given, **named)
    except Exception:
        _log.exception("a step of sweeping failed")
