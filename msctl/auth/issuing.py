"""Making access tokens (RFC 9068): claims from a grant, signed with the key in force, noted for the audit."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msctl.auth.identity import Identity
from msctl.auth.jose import Signer
from msctl.auth.keyring import IssuerKey, signing
from msctl.auth.policy import Grant
from msctl.auth.verifier import ORIGIN, TOKEN_TYPE

_log = logging.getLogger("msctl.auth.audit")


def own_claims(issuer: str, client: str, subject: str, granted: Grant, now: float) -> dict[str, Any]:
    """Claims of a token that ``client`` gets for ``subject``, which is itself unless the operator says so."""
    return _claims(issuer, client, subject, granted, now, now + granted.ttl)


def exchanged_claims(
    issuer: str, client: str, subject: Identity, granted: Grant, now: float
) -> dict[str, Any]:
    """Claims of a token that speaks for ``subject`` with ``client`` acting (RFC 8693); both end together."""
    claims = _claims(issuer, client, subject.subject, granted, now, subject.expires_at)
    claims["act"] = _chain((client, *subject.actors))
    claims[ORIGIN] = sorted(subject.token_ids)
    return claims


def _chain(actors: Sequence[str]) -> dict[str, Any]:
    below = {"act": _chain(actors[1:])} if actors[1:] else {}
    return {"sub": actors[0], **below}


def _claims(
    issuer: str, client: str, subject: str, granted: Grant, now: float, until: float
) -> dict[str, Any]:
    claims = {
        "iss": issuer,
        "aud": granted.audience,
        "sub": subject,
        "client_id": client,
        "iat": int(now),
        "exp": int(until),
        "jti": str(uuid.uuid4()),
    }
    return claims | ({"scope": " ".join(granted.scopes)} if granted.scopes else {})


class Issuer:
    """Signs with whichever key is in force at the moment."""

    def __init__(self, keys: Callable[[], Sequence[IssuerKey]], clock: Callable[[], float]) -> None:
        self._keys = keys
        self._clock = clock
        self._signers: dict[str, Signer] = {}

    def issue(self, claims: Mapping[str, Any], how: str) -> str:
        """A signed token; one audit line tells all about it but the token itself."""
        token = self._signer(signing(self._keys(), self._clock())).sign(claims, TOKEN_TYPE)
        told = ("client_id", "sub", "aud", "scope", "jti", "exp", "act")
        _log.info("token issued", extra={"how": how, **{k: claims[k] for k in told if k in claims}})
        return token

    def _signer(self, key: IssuerKey) -> Signer:
        if key.kid not in self._signers:
            self._signers = {key.kid: Signer.of(key.jwk)}
        return self._signers[key.kid]
