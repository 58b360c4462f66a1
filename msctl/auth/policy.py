"""Who may get which token: clients, audiences and scopes as values, and the decision about a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["service", "outside", "gateway", "operator"]
GATEWAY = "gateway"
"""The audience of tokens that outside clients come with."""

USUAL_TTL = 900.0


@dataclass(frozen=True, slots=True)
class Client:
    """A client and what it may ask for: ``audiences`` maps each to the scopes allowed there.

    ``secret_digest`` is the SHA-256 of its secret, as hex; ``public_key`` a JWK or PEM for assertions.
    ``exchanges`` are audiences for which it may exchange tokens that were meant for itself.
    """

    name: str
    kind: Kind
    audiences: Mapping[str, tuple[str, ...]]
    exchanges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secret_digest: str = field(default="", repr=False)
    public_key: Any = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything the server knows from the manifest; times in seconds."""

    issuer: str
    algorithm: Literal["Ed25519", "ES256", "RS256"] = "Ed25519"
    max_ttl: float = 43200.0
    clients: Mapping[str, Client] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token will allow, and where."""

    audience: str
    scopes: tuple[str, ...]
    ttl: float


class GrantRefused(Exception):
    """No token; ``error`` is the OAuth 2.0 code (``invalid_target``, ``invalid_scope``, …)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def grant(
    client: Client, max_ttl: float, audience: str | None, scope: str | None, ttl: float = USUAL_TTL
) -> Grant:
    """What ``client`` gets in its own name; without ``scope`` all it may have; raises ``GrantRefused``."""
    chosen = audience or _usual_audience(client)
    if chosen not in client.audiences:
        raise GrantRefused("invalid_target", f"client '{client.name}' gets no token for '{_shown(chosen)}'")
    return Grant(chosen, _scopes(scope, client.audiences[chosen], chosen), _lifetime(ttl, max_ttl))


def exchanged(
    client: Client,
    subject_audience: tuple[str, ...],
    subject_scopes: frozenset[str],
    audience: str | None,
    scope: str | None,
) -> Grant:
    """What ``client`` gets for a token that was meant for itself: never more than that one allows.

    The ``ttl`` of the answer is 0: the caller bounds it by the subject token's.
    """
    if client.name not in subject_audience:
        raise GrantRefused("invalid_grant", "the subject token was meant for somebody else")
    if not audience:
        raise GrantRefused("invalid_target", "an exchange needs an audience")
    if audience not in client.exchanges:
        raise GrantRefused("invalid_target", f"client '{client.name}' gets no token for '{_shown(audience)}'")
    allowed = tuple(one for one in client.exchanges[audience] if one in subject_scopes)
    return Grant(audience, _scopes(scope, allowed, audience), 0.0)


def _usual_audience(client: Client) -> str:
    if GATEWAY in client.audiences:
        return GATEWAY
    if len(client.audiences) == 1:
        return next(iter(client.audiences))
    raise GrantRefused("invalid_target", "say for which audience the token is to be")


def _scopes(wanted: str | None, allowed: tuple[str, ...], audience: str) -> tuple[str, ...]:
    if wanted is None:
        return allowed
    asked = tuple(dict.fromkeys(word for word in wanted.split(" ") if word))
    refused = [scope for scope in asked if scope not in allowed]
    if refused:
        raise GrantRefused("invalid_scope", f"scope '{_shown(refused[0])}' is not to be had for '{audience}'")
    return asked


def _shown(text: str) -> str:
    """Only characters that an OAuth 2.0 error description may have."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in text[:80])


def _lifetime(ttl: float, max_ttl: float) -> float:
    if not 0 < ttl <= max_ttl:
        raise GrantRefused("invalid_request", f"a token lives more than 0 and at most {max_ttl:g} s")
    return ttl
