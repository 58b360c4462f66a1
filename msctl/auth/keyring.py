"""The issuer's keys over time: published before signing, signing, retired but still published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msctl.auth.algorithms import Algorithm
from msctl.auth.jose import Jwk, public_part
from msctl.auth.trust import REFETCH

State = Literal["published", "signing", "retired"]


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A private key; ``signs_from`` is when it begins to sign (seconds since 1970)."""

    jwk: Jwk
    published_at: float
    signs_from: float

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        return str(self.jwk["kid"])

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        found: Algorithm = self.jwk["alg"]
        return found


def first_key(jwk: Jwk, now: float) -> IssuerKey:
    """A key that signs at once, since nobody can hold an older set of keys."""
    return IssuerKey(jwk, now, now)


def next_key(jwk: Jwk, now: float) -> IssuerKey:
    """A key that signs as soon as everybody has it."""
    return IssuerKey(jwk, now, now + REFETCH)


def signing(keys: Sequence[IssuerKey], now: float) -> IssuerKey:
    """The newest key that may sign; there is always one."""
    return max((key for key in keys if key.signs_from <= now), key=lambda key: key.signs_from)


def state(key: IssuerKey, keys: Sequence[IssuerKey], now: float) -> State:
    """Where a key is in its life."""
    if key.signs_from > now:
        return "published"
    return "signing" if key == signing(keys, now) else "retired"


def retired_at(key: IssuerKey, keys: Sequence[IssuerKey]) -> float | None:
    """When its successor began or begins to sign."""
    return min((other.signs_from for other in keys if other.signs_from > key.signs_from), default=None)


def expired(keys: Sequence[IssuerKey], max_ttl: float, now: float) -> tuple[IssuerKey, ...]:
    """Keys that no living token can bear: longest lifetime and refetch period are over since they retired."""
    return tuple(
        key
        for key in keys
        if (retired := retired_at(key, keys)) is not None and retired + max_ttl + REFETCH < now
    )


def key_set(keys: Sequence[IssuerKey]) -> dict[str, Any]:
    """The JWKS: public members only."""
    return {"keys": [public_part(key.jwk) for key in keys]}
