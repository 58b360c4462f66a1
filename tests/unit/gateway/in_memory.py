"""A gateway without sockets: connections of clients and instances are objects that bytes are handed to."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from msctl.gateway.client import ClientConnection
from msctl.gateway.errand import as_task
from msctl.gateway.loader import parse
from msctl.gateway.log_stream import LogStream
from msctl.gateway.process import build
from msctl.gateway.runtime import Gateway
from msctl.gateway.service import Service
from msctl.gateway.upstream import UpstreamConnection
from msctl.resilience.endpoints import Endpoint


class Wire(asyncio.Transport):
    """One end of a connection; ``written`` gets what the gateway sends, ``ended`` its end."""

    def __init__(self, protocol: asyncio.Protocol, written: Callable[[bytes], None]) -> None:
        super().__init__()
        self._protocol = protocol
        self._written = written
        self._waiting: list[bytes] = []
        self._reading = True
        self.closed = False
        self.shut = False
        self.ended: Callable[[], None] = lambda: None

    def write(self, data: Any) -> None:
        if not self.closed and not self.shut:
            self._written(bytes(data))

    def deliver(self, data: bytes) -> None:
        """Bytes of the other side; held back while the gateway does not read."""
        if not self.closed and data:
            self._waiting.append(data)
            self._pump()

    def end(self, exc: Exception | None = None) -> None:
        """The other side is gone: closed, or reset with ``exc``."""
        if not self.closed and exc is None:
            self._reading = True
            self._pump()
            self._protocol.eof_received()
        self._close(exc)

    def _pump(self) -> None:
        while self._waiting and self._reading and not self.closed:
            self._protocol.data_received(self._waiting.pop(0))

    def _close(self, exc: Exception | None) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self._lost, exc)

    def _lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
        self.ended()

    def close(self) -> None:
        self._close(None)

    def abort(self) -> None:
        self._close(None)

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        asyncio.get_running_loop().call_soon(self._pump)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.shut = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered here."""

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "socket": self}.get(name, default)

    def fileno(self) -> int:
        """A socket that has nothing more to read."""
        return -1

    def setsockopt(self, *_: object) -> None:
        """Stands for the socket's when a connection is reset."""


Behaviour = Callable[["Instance", bytes], None]
"""Called with every portion of bytes that reaches an instance."""


class Instance:
    """One connection as the instance sees it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.buffer = b""
        self.wire: Wire

    def take(self, data: bytes) -> None:
        """Bytes of the gateway; acted on in the loop's next turn, as over a network."""
        self.buffer += data
        asyncio.get_running_loop().call_soon(self._behaviour, self, data)


class Client:
    """One connection as the client sees it; ``received`` is everything so far."""

    def __init__(self, gateway: Gateway) -> None:
        self.received = bytearray()
        self.connection = ClientConnection(gateway)
        self.wire = Wire(self.connection, self.received.extend)
        self.connection.connection_made(self.wire)


@cache
def _nowhere() -> LogStream:
    return LogStream(os.open(os.devnull, os.O_WRONLY))


class Lab:
    """A gateway whose services connect to ``behaviour``; ``failures`` collects what the loop had to catch."""

    def __init__(self, behaviour: Behaviour, document: dict[str, Any]) -> None:
        self.behaviour = behaviour
        config = parse(json.dumps({"listen": "127.0.0.1:1", "access_log": 0, **document}))
        self.gateway = build(config, _nowhere())
        self.instances: list[Instance] = []
        self.failures: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: self.failures.append(context))
        for service in self.services:
            service.pool.connect = self._connect  # type: ignore[method-assign]

    @property
    def services(self) -> list[Service]:
        return list(self.gateway.table.services.values())

    def client(self) -> Client:
        return Client(self.gateway)

    async def _connect(self, endpoint: Endpoint, seconds: float) -> UpstreamConnection:
        await as_task()
        instance = Instance(self.behaviour)
        connection = UpstreamConnection(endpoint, self.gateway.clock)
        instance.wire = Wire(connection, instance.take)
        connection.connection_made(instance.wire)
        self.instances.append(instance)
        instance.wire.ended = lambda: self.instances.remove(instance)
        return connection

    def leaks(self) -> list[str]:
        """What should not be there when no request is under way."""
        found = [str(failure) for failure in self.failures]
        idle = 0
        for service in self.services:
            if service.bulkhead.active:
                found.append(f"{service.name}: {service.bulkhead.active} calls under way")
            for endpoint in service.endpoints.all:
                idle += service.pool.idle_count(endpoint)
                if endpoint.outstanding:
                    found.append(f"{endpoint.address.name}: {endpoint.outstanding} attempts under way")
            due = service.timers.limits
            if due:
                found.append(f"{service.name}: {due} timers")
        held = sum(not instance.wire.closed for instance in self.instances)
        if held != idle:
            found.append(f"{held} connections upstream, {idle} of them idle in the pool")
        return found

    async def settle(self) -> None:
        """Let the loop run until nothing is left over, or for a while."""
        for _ in range(400):
            await asyncio.sleep(0.001)
            self.gateway.sweep()
            if not self.leaks():
                return


async def eventually(condition: Callable[[], object]) -> None:
    """Let the loop run until ``condition`` holds."""
    async with asyncio.timeout(20.0):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


def document(instances: int = 2, timeout: str = "5s", retries: int = 1) -> dict[str, Any]:
    """One service behind every path."""
    addresses = [f"127.0.0.1:{number + 2}" for number in range(instances)]
    return {
        "services": {"orders": {"instances": addresses, "circuit": "off"}},
        "routes": [
            {"path": "/{rest:path}", "service": "orders", "timeout": timeout, "retries": retries},
        ],
    }
