"""Active checks: an ejected instance of a service with a health path comes back when it answers 2xx."""

from __future__ import annotations

import asyncio
from functools import partial

from msctl.gateway.service import Service
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.upstream_ports import AttemptError
from msctl.resilience.endpoints import Endpoint

PROBE_SECONDS = 1.0
GOOD = range(200, 300)


class Probing:
    """Checks what is due; never two checks of one instance at a time."""

    def __init__(self) -> None:
        self._under_way: dict[Endpoint, asyncio.Task[None]] = {}

    def begin(self, service: Service) -> None:
        """Start a check of each instance whose ejection is over."""
        if service.config.health is None:
            return
        for endpoint in service.endpoints.due():
            if endpoint not in self._under_way:
                task = asyncio.create_task(_check(service, endpoint, service.config.health))
                self._under_way[endpoint] = task
                task.add_done_callback(partial(self._over, endpoint))

    def close(self) -> None:
        """Give up the checks under way."""
        for task in self._under_way.values():
            task.cancel()

    def _over(self, endpoint: Endpoint, _task: asyncio.Task[None]) -> None:
        del self._under_way[endpoint]


async def _check(service: Service, endpoint: Endpoint, path: str) -> None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            passed = await _passes(service, endpoint, path)
    except (AttemptError, TimeoutError) as exc:
        if isinstance(exc, AttemptError) and exc.kind == "exhausted":
            return
        passed = False
    if passed:
        service.endpoints.readmit(endpoint)
    else:
        service.endpoints.extend(endpoint)


async def _passes(service: Service, endpoint: Endpoint, path: str) -> bool:
    connection: UpstreamConnection = await service.pool.connect(endpoint, PROBE_SECONDS)
    try:
        host = service.config.host or service.name
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")
        answer = await connection.begin("GET", head, chunked=False, has_body=False)
        return answer.status in GOOD
    finally:
        connection.abort()
