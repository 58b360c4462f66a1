"""Telling everybody, through Consul's key-value store, that keys or revocations have changed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable

import aiohttp

from msctl.labels import TOKENS_KEY

_TIMEOUT = aiohttp.ClientTimeout(total=2.0)
_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
_log = logging.getLogger("msctl.auth")


class Announcer:
    """Writes a new value whenever something has changed; what it is, everybody asks auth itself."""

    def __init__(self, consul: str, token: Callable[[], str | None], session: aiohttp.ClientSession) -> None:
        self._url = f"{consul}/v1/kv/{TOKENS_KEY}"
        self._token = token
        self._session = session
        self._pending = asyncio.Event()
        self._pending.set()

    def changed(self) -> None:
        """Announce soon; changes until then are one announcement."""
        self._pending.set()

    async def run(self) -> None:
        """Announce until cancelled; what was missed because Consul was away is announced later."""
        known: str | None = None
        pause = _PAUSE
        while True:
            await self._pending.wait()
            self._pending.clear()
            trouble = await self._announce()
            if trouble and trouble != known:
                _log.warning("changes of keys and revocations are not announced: %s", trouble)
            known = trouble
            pause = min(2 * pause, _LONGEST_PAUSE) if trouble else _PAUSE
            if trouble:
                await self._wait(pause)
                self._pending.set()

    async def _wait(self, seconds: float) -> None:
        """Until something else changes, at most ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pending.wait()

    async def _announce(self) -> str | None:
        """What went wrong."""
        token = self._token()
        headers = {"X-Consul-Token": token} if token else {}
        try:
            async with self._session.put(
                self._url, data=str(uuid.uuid4()), headers=headers, timeout=_TIMEOUT
            ) as answer:
                return None if answer.ok else f"Consul answered {answer.status}"
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            return f"Consul does not answer: {exc or type(exc).__name__}"
