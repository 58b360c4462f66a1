"""The check of incoming tokens: who is asking, and whether the token allows it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msctl.auth.refusal import TokenRefused
from msctl.chassis.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from msctl.auth.identity import Identity
    from msctl.auth.trust import Trust

_BEARER = "bearer "
_log = logging.getLogger(__name__)


class Guard:
    """Verifies tokens; ``refetch`` asks for newer keys and tells whether they came."""

    def __init__(
        self, trust: Trust, refetch: Callable[[], Awaitable[bool]], wall: Callable[[], float]
    ) -> None:
        self._trust = trust
        self._refetch = refetch
        self._wall = wall

    async def identity(self, authorization: Sequence[str], scope: str | None) -> Identity | None:
        """Who is asking, nobody if the route wants no ``scope`` and no token came; raises a Problem."""
        token = _token(authorization)
        if token is None:
            if scope is not None:
                raise _unauthorized("token-missing", "An access token is needed", "Bearer")
            return None
        identity = await self._verified(token)
        if scope is not None and scope not in identity.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            problem = Problem(403, "insufficient-scope", f"The token lacks the scope '{scope}'")
            problem.headers = {"WWW-Authenticate": challenge}
            raise problem
        return identity

    async def _verified(self, token: bytes) -> Identity:
        try:
            return self._trust.check(token, self._wall())
        except TokenRefused as error:
            if error.reason != "unknown-key" or not await self._refetch():
                raise self._refused(error) from error
        try:
            return self._trust.check(token, self._wall())
        except TokenRefused as error:
            raise self._refused(error) from error

    def _refused(self, error: TokenRefused) -> Problem:
        if error.reason == "unknown-key" and not self._trust.keys:
            problem = Problem(
                503, "auth-unavailable", "Tokens cannot be verified yet: the keys have not come"
            )
            problem.retry_after = 1
            return problem
        described = error.message.replace('"', "'")
        challenge = f'Bearer error="invalid_token", error_description="{described}"'
        return _unauthorized("invalid-token", error.message, challenge)


def warn_if_open(guard: Guard | None, scopes: Sequence[str | None]) -> None:
    """Outside of msctl there is nobody to issue tokens; then routes are open, and that is worth a word."""
    if guard is None and any(scope is not None for scope in scopes):
        _log.warning("tokens are not checked: OAUTH_ISSUER, OAUTH_AUDIENCE and OAUTH_JWKS_URL are not set")


def _token(authorization: Sequence[str]) -> bytes | None:
    if len(authorization) > 1:
        raise _unauthorized("invalid-token", "Several Authorization fields", 'Bearer error="invalid_token"')
    if not authorization or not authorization[0].lower().startswith(_BEARER):
        return None
    return authorization[0][len(_BEARER) :].strip().encode("utf-8", "surrogateescape")


def _unauthorized(kind: str, detail: str, challenge: str) -> Problem:
    problem = Problem(401, kind, detail)
    problem.headers = {"WWW-Authenticate": challenge}
    return problem
