"""Connections to the instances of one service, kept for reuse a short while."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

from msctl.gateway.connection import ignore
from msctl.gateway.errand import as_task
from msctl.gateway.files import FileBudget
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.upstream_ports import AttemptError
from msctl.resilience.endpoints import Endpoint

MAX_IDLE = 256
KEEP_ALIVE_SECONDS = 4.0
"""Idle connections are given up before common servers (5 s) close them under a request."""

PROOF_SECONDS = 0.005
"""How long nothing may come behind the first answer on a connection before it is used again."""

_CAUSES = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "no route to host",
    errno.ECONNRESET: "connection reset",
    errno.ETIMEDOUT: "connection timed out",
}
OWN_TROUBLE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""What the gateway's own machine lacks: no instance can be blamed for it."""


class Pool:
    """Newest idle connections first; at most ``MAX_IDLE`` for each instance."""

    def __init__(self, clock: Callable[[], float], files: FileBudget) -> None:
        self._clock = clock
        self._files = files
        self._idle: dict[Endpoint, list[UpstreamConnection]] = {}
        self._closed = False

    def take(self, endpoint: Endpoint, now: float) -> UpstreamConnection | None:
        """An idle connection, if there is a fresh one."""
        idle = self._idle.get(endpoint)
        while idle:
            connection = idle.pop()
            if not connection.closed and connection.idle_until > now:
                return connection
            connection.abort()
        return None

    async def proven(self, connection: UpstreamConnection) -> UpstreamConnection | None:
        """A connection that has had its first answer; None if more came behind it than that answer.

        Once the next request is on its way such bytes would look like the answer to it.
        """
        rest = connection.last_byte + PROOF_SECONDS - self._clock()
        if rest > 0.0:
            try:
                await as_task()
                await asyncio.sleep(rest)
            except asyncio.CancelledError:
                connection.abort()
                raise
        if connection.reusable:
            return connection
        connection.abort()
        return None

    async def connect(self, endpoint: Endpoint, seconds: float) -> UpstreamConnection:
        """A new connection; raises AttemptError."""
        await as_task()
        loop = asyncio.get_running_loop()
        address = endpoint.address
        if self._files.is_spent:
            raise _exhausted()
        self._files.hold()
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(
                    lambda: UpstreamConnection(endpoint, self._clock, self._files), address.host, address.port
                )
        except TimeoutError as exc:
            raise AttemptError("unreachable", "connection timed out", untouched=True, late=True) from exc
        except OSError as exc:
            if exc.errno in OWN_TROUBLE:
                raise _exhausted() from exc
            raise AttemptError("unreachable", _cause(exc), untouched=True) from exc
        finally:
            self._files.release()
        return connection

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a connection that is clean, close any other."""
        idle = self._idle.get(connection.endpoint)
        if idle is None:
            idle = self._idle[connection.endpoint] = []
        full = len(idle) >= MAX_IDLE or self._files.is_scarce
        if self._closed or full or not connection.reusable:
            connection.discard()
            return
        connection.read(True)
        connection.idle_until = connection.last_byte + KEEP_ALIVE_SECONDS
        connection.flow = connection.interim = ignore
        idle.append(connection)

    def sweep(self) -> None:
        """Close what has been idle too long."""
        now = self._clock()
        for endpoint, idle in list(self._idle.items()):
            kept = [c for c in idle if not c.closed and c.idle_until > now]
            for connection in idle:
                if connection not in kept:
                    connection.abort()
            if kept:
                self._idle[endpoint] = kept
            else:
                del self._idle[endpoint]

    def forget(self, endpoint: Endpoint) -> None:
        """Close the idle connections of an instance that is gone."""
        for connection in self._idle.pop(endpoint, ()):
            connection.abort()

    def close(self) -> None:
        """Close every idle connection, and from now on each that is given back."""
        self._closed = True
        for endpoint in list(self._idle):
            self.forget(endpoint)

    def idle_count(self, endpoint: Endpoint) -> int:
        """Idle connections of one instance."""
        return len(self._idle.get(endpoint, ()))


def _exhausted() -> AttemptError:
    return AttemptError("exhausted", "the gateway has no connection to spare", untouched=True)


def _cause(exc: OSError) -> str:
    return _CAUSES.get(exc.errno or 0, "connection failed")
