"""Tokens that services get in place of the client's: exchanged once for each token and service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msctl.auth.asking import AuthUnavailable, Obtained, TokenDenied, TokenEndpoint
from msctl.auth.identity import Identity
from msctl.gateway.outgoing import Refused
from msctl.gateway.problems import auth_unavailable, invalid_token

MOST_KEPT = 20_000
_MARGIN = 2.0
"""Seconds before its end at which a token of our own is replaced."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """The value of an ``Authorization`` field, and until when it is good (seconds since 1970)."""

    value: bytes
    until: float
    scopes: tuple[str, ...]


class InternalTokens:
    """A lookup when known; otherwise one question to auth, however many requests wait for it."""

    def __init__(self, endpoint: TokenEndpoint, wall: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self._wall = wall
        self._kept: dict[_Key, Kept] = {}
        self._asked: dict[_Key, asyncio.Task[Kept]] = {}

    def known(self, identity: Identity, service: str) -> bytes | None:
        """The field's value for ``service`` if there is one already."""
        kept = self._kept.get((identity.token_id, service))
        return kept.value if kept is not None and self._wall() < kept.until else None

    async def obtain(self, identity: Identity, token: str, service: str, seconds: float) -> bytes:
        """The field's value for ``service``; raises Refused if there is none within ``seconds``."""
        kept = await self._once(
            (identity.token_id, service), lambda: self._endpoint.exchange(token, service, seconds)
        )
        return kept.value

    async def for_part(self, identity: Identity | None, token: str, service: str, seconds: float) -> bytes:
        """For a part of an aggregate: in the gateway's own name where the client may not ask the service.

        The scopes of the route open the whole answer.
        """
        if identity is not None:
            key = (identity.token_id, service)
            kept = await self._once(key, lambda: self._endpoint.exchange(token, service, seconds))
            if kept.scopes:
                return kept.value
        kept = await self._once(("", service), lambda: self._endpoint.own(service, seconds))
        return kept.value

    async def _once(self, key: _Key, ask: Callable[[], Awaitable[Obtained]]) -> Kept:
        kept = self._kept.get(key)
        if kept is not None and self._wall() < kept.until:
            return kept
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.ensure_future(self._fetch(key, ask))
            task.add_done_callback(lambda done: self._answered(key, done))
        try:
            return await asyncio.shield(task)
        except TokenDenied as exc:
            if exc.error == "invalid_grant":
                raise Refused(invalid_token("revoked", "the token is not accepted any more")) from exc
            raise Refused(auth_unavailable(exc.message)) from exc
        except AuthUnavailable as exc:
            raise Refused(auth_unavailable(exc.message)) from exc

    def _answered(self, key: _Key, task: asyncio.Task[Kept]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone by now

    async def _fetch(self, key: _Key, ask: Callable[[], Awaitable[Obtained]]) -> Kept:
        obtained = await ask()
        margin = 0.0 if key[0] else _MARGIN
        value = f"Bearer {obtained.token}".encode("ascii")
        kept = Kept(value, self._wall() + obtained.ttl - margin, obtained.scopes)
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = kept
        return kept
