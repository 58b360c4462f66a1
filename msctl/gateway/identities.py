"""Who a request speaks for: the token check, and the internal tokens that services get instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiohttp

from msctl.auth.asking import Credentials, TokenEndpoint
from msctl.auth.following import Follower, Published
from msctl.auth.identity import Identity
from msctl.auth.refusal import TokenRefused
from msctl.auth.trust import Trust
from msctl.auth.verifier import Expected
from msctl.gateway.config import AuthConfig
from msctl.gateway.internal_tokens import InternalTokens
from msctl.gateway.problems import Trouble, invalid_token, keys_missing, scope_missing, token_missing
from msctl.gateway.wire.fields import Fields

_BEARER = b"bearer "


class Identities:
    """One ``auth`` section in force; keeps what it knows over reloads that leave the section alone."""

    def __init__(self, config: AuthConfig, wall: Callable[[], float]) -> None:
        self.config = config
        self.trust = Trust(Expected(config.issuer, config.audience))
        self.internal: InternalTokens | None = None
        self.follower: Follower | None = None
        self._wall = wall

    def connect(self, session: aiohttp.ClientSession, clock: Callable[[], float]) -> Follower:
        """Give it the means to ask the issuer; the caller runs what is returned."""
        published = Published(self.config.jwks, self.config.revoked)
        self.follower = Follower(self.trust, published, session, clock)
        exchange = self.config.exchange
        if exchange is not None:
            secret = Path(exchange.secret_file).read_text(encoding="ascii").strip()
            endpoint = TokenEndpoint(Credentials(exchange.url, exchange.client, secret), session, clock)
            self.internal = InternalTokens(endpoint, self._wall)
        return self.follower

    def judge(self, fields: Fields, scopes: tuple[str, ...]) -> Identity | Trouble | None:
        """The identity of a request to a route that wants ``scopes``, nobody, or why it may not pass."""
        value = fields.only(b"authorization")
        if value is None or value[:7].lower() != _BEARER:
            doubled = value is None and b"authorization" in fields.named
            if doubled:
                return invalid_token("malformed", "the request has several Authorization fields")
            return token_missing() if scopes else None
        try:
            identity = self.trust.check(value[7:].strip(), self._wall())
        except TokenRefused as exc:
            if exc.reason == "unknown-key" and not self.trust.keys:
                return keys_missing()
            return invalid_token(exc.reason, exc.message)
        for scope in scopes:
            if scope not in identity.scopes:
                return scope_missing(identity.missing(scopes))
        return identity

    async def may_know_more(self, trouble: Trouble) -> bool:
        """Whether asking the issuer for new keys makes it worth while to judge again."""
        if trouble.cause not in ("unknown-key", "no-keys") or self.follower is None:
            return False
        return await self.follower.refetch()


def bearer(fields: Fields) -> str:
    """The token of a request that has been judged."""
    return (fields.only(b"authorization") or b"")[7:].strip().decode("ascii")
