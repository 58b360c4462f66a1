"""Tokens for calls to other services: fetched once, shared, and renewed before they expire."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msctl.auth.asking import AuthUnavailable, TokenDenied

if TYPE_CHECKING:
    from collections.abc import Callable

    from msctl.auth.asking import TokenEndpoint

RENEW_AT = 0.75
"""Part of a token's life after which a new one is fetched, while the old one is still good."""

PATIENCE = 5.0
_MARGIN = 2.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    token: str
    renew: float
    until: float


class CallTokens:
    """One token for each called service; ``clock`` measures their lives."""

    def __init__(self, endpoint: TokenEndpoint, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._fetching: dict[str, asyncio.Task[str]] = {}

    async def token(self, audience: str, seconds: float) -> str:
        """A good token; raises ``TokenDenied``, ``AuthUnavailable`` or ``TimeoutError`` after ``seconds``."""
        held, now = self._held.get(audience), self._clock()
        if held is None or now >= held.until:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._fetch(audience))
        if now >= held.renew:
            self._fetch(audience)
        return held.token

    def forget(self, audience: str, token: str) -> None:
        """The service did not accept this one."""
        held = self._held.get(audience)
        if held is not None and held.token == token:
            del self._held[audience]

    def _fetch(self, audience: str) -> asyncio.Task[str]:
        task = self._fetching.get(audience)
        if task is None:
            task = self._fetching[audience] = asyncio.create_task(self._obtain(audience))
            task.add_done_callback(lambda done: self._fetched(audience, done))
        return task

    async def _obtain(self, audience: str) -> str:
        began = self._clock()
        obtained = await self._endpoint.own(audience, PATIENCE)
        renew, until = began + RENEW_AT * obtained.ttl, began + obtained.ttl - _MARGIN
        self._held[audience] = _Held(obtained.token, renew, until)
        return obtained.token

    def _fetched(self, audience: str, task: asyncio.Task[str]) -> None:
        self._fetching.pop(audience, None)
        if not task.cancelled() and isinstance(error := task.exception(), TokenDenied | AuthUnavailable):
            _log.warning("no token for calls to %s: %s", audience, error.message)
