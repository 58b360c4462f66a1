"""Follow one key of Consul's store by blocking queries: not what it holds matters but that it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from msctl.errors import RegistryError
from msctl.registry.watch import ANSWER_SECONDS, BLOCK_SECONDS, CONNECT_SECONDS, Consul

HTTP_OK = 200
HTTP_NOT_FOUND = 404
AWAY = 0.5
APART = 0.2
"""Least seconds between two queries: a burst of changes is known as soon as this, since the last may be the
one that must be known within a second."""


class KeyWatch:
    """Calls ``perhaps_changed`` at the first answer, at each change, and each time Consul fails to answer."""

    def __init__(
        self,
        key: str,
        consul: Consul,
        session: aiohttp.ClientSession,
        perhaps_changed: Callable[[], None],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = f"{consul.url}/v1/kv/{key}"
        self._consul = consul
        self._session = session
        self._perhaps_changed = perhaps_changed
        self._clock = clock
        self._sleep = sleep
        self._asked = -APART
        self._index = 0
        self._value: bytes | None = None

    async def run(self) -> None:
        """Follow the key until cancelled."""
        first = True
        while True:
            await self._sleep(max(0.0, self._asked + APART - self._clock()))
            self._asked = self._clock()
            try:
                index, value = await self._ask()
            except RegistryError:
                self._index, first = 0, True
                self._perhaps_changed()
                await self._sleep(AWAY)
                continue
            if first or value != self._value:
                self._perhaps_changed()
            self._index, self._value, first = (0 if index < self._index else index), value, False

    async def _ask(self) -> tuple[int, bytes]:
        query = {"raw": "", "index": str(self._index), "wait": f"{BLOCK_SECONDS:g}s"}
        token = self._consul.token()
        headers = {"X-Consul-Token": token} if token else {}
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.get(self._url, params=query, headers=headers, timeout=timeout) as answer:
                if answer.status not in (HTTP_OK, HTTP_NOT_FOUND):
                    raise RegistryError(f"Consul answered {answer.status} for a key")
                return int(answer.headers.get("X-Consul-Index", "0")), await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as exc:
            raise RegistryError(f"Consul does not answer: {exc or type(exc).__name__}") from exc
