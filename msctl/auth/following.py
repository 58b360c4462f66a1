"""Keeps a verifying process equal to what its issuer publishes: keys and revoked tokens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from msctl.auth.refusal import KeySetRefused
from msctl.auth.trust import REFETCH, Trust

if TYPE_CHECKING:
    from msctl.auth.jose import VerifyingKey

LARGEST_ANSWER = 4 * 1024 * 1024
USUALLY = 60.0
"""Seconds after which the issuer is asked although nobody announced a change."""

_PACE = 0.1
_LONGEST_BACKOFF = 2.0
_TIMEOUT = aiohttp.ClientTimeout(total=3.0, sock_connect=1.0)
_log = logging.getLogger("msctl.auth.following")


@dataclass(frozen=True, slots=True)
class Published:
    """Where the issuer publishes: ``keys`` is a URL or a file, ``revoked`` a URL or nothing."""

    keys: str
    revoked: str | None = None


class Follower:
    """Asks when told that something changed, when a key is unknown (seldom), and once in a while anyway."""

    def __init__(
        self,
        trust: Trust,
        published: Published,
        session: aiohttp.ClientSession,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._trust = trust
        self._published = published
        self._session = session
        self._clock = clock
        self._sleep = sleep
        self._wanted = asyncio.Event()
        self._last_refetch: float | None = None
        self._trouble: str | None = None

    def poke(self) -> None:
        """Something may have changed."""
        self._wanted.set()

    async def run(self) -> None:
        """Follow until cancelled; what was known stays in force while the issuer is away."""
        failures = 0
        while True:
            self._wanted.clear()
            failures = 0 if await self.fetch() else failures + 1
            await self._sleep(min(_LONGEST_BACKOFF, _PACE * 2.0 ** min(failures, 8)))
            if not failures:
                await self._until_wanted()

    async def refetch(self) -> bool:
        """Ask for a key that is not known; whether it is worth while to look again.

        Unknown keys, which anybody can make up, cause one question in ``REFETCH`` seconds.
        """
        now = self._clock()
        if self._last_refetch is not None and now - self._last_refetch < REFETCH:
            return False
        self._last_refetch = now
        return await self.fetch()

    async def fetch(self) -> bool:
        """Ask now; whether everything could be had."""
        try:
            self._trust.use_keys(_read_keys(await self._keys()))
            if self._published.revoked is not None:
                self._trust.use_revoked(_revoked(json.loads(await self._get(self._published.revoked))))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeySetRefused) as exc:
            self._tell(f"{self._published.keys}: {exc or type(exc).__name__}")
            return False
        self._tell(None)
        return True

    async def _until_wanted(self) -> None:
        try:
            async with asyncio.timeout(USUALLY):
                await self._wanted.wait()
        except TimeoutError:
            return

    async def _keys(self) -> bytes:
        source = self._published.keys
        if "://" in source:
            return await self._get(source)
        return await asyncio.to_thread(Path(source).read_bytes)

    async def _get(self, url: str) -> bytes:
        async with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False) as answer:
            answer.raise_for_status()
            content = await answer.content.read(LARGEST_ANSWER)
            while not answer.content.at_eof():
                content += await answer.content.read(LARGEST_ANSWER)
                if len(content) > LARGEST_ANSWER:
                    raise ValueError("the answer is too large")
            return content

    def _tell(self, trouble: str | None) -> None:
        if trouble and trouble != self._trouble:
            _log.warning("keys and revocations may be old: %s", trouble)
        self._trouble = trouble


def _read_keys(content: bytes) -> Mapping[str, VerifyingKey]:
    # joserfc and cryptography take 60 ms to import, and no start shall wait for what comes after it
    from msctl.auth.jose import read_key_set  # noqa: PLC0415

    return read_key_set(json.loads(content))


def _revoked(document: object) -> dict[str, float]:
    if not isinstance(document, dict):
        raise ValueError("the list of revoked tokens is no object")
    return {str(token_id): float(until) for token_id, until in document.items()}
