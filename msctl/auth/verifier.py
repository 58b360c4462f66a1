"""The one verifier of access tokens (RFC 9068, 8725), for gateway, chassis, auth and command line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msctl.auth.algorithms import ACCEPTED_NAMES
from msctl.auth.compact import Compact, parse
from msctl.auth.identity import Identity
from msctl.auth.refusal import TokenRefused

if TYPE_CHECKING:
    from msctl.auth.jose import VerifyingKey

TOKEN_TYPE = "at+jwt"  # noqa: S105
ORIGIN = "origin_jti"
"""Claim of an exchanged token: the ids of the tokens it came from, so that revoking one revokes it."""

_TYPES = frozenset({TOKEN_TYPE, f"application/{TOKEN_TYPE}"})
_FOREIGN_KEYS = ("jku", "x5u", "jwk", "x5c")
_LEEWAY = 5.0
"""Seconds by which another machine's clock may be ahead; none is given at the end of a token's life."""

_DEEPEST_CHAIN = 8


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say; an ``audience`` of None accepts every one."""

    issuer: str
    audience: str | None


def verify(token: bytes, keys: Mapping[str, VerifyingKey], expected: Expected, now: float) -> Identity:
    """The identity in ``token``; raises ``TokenRefused`` with the first thing that is wrong with it."""
    compact = parse(token)
    check_header(compact.header, _TYPES)
    kid = compact.header.get("kid")
    if not isinstance(kid, str):
        raise TokenRefused("unknown-key", "the token does not name its key")
    key = keys.get(kid)
    if key is None:
        raise TokenRefused("unknown-key", "the token is signed with a key that is not published")
    check_signature(compact, key)
    return _identity(compact.payload, kid, expected, now)


def check_header(header: Mapping[str, Any], types: frozenset[str] | None) -> None:
    """Refuse what a header may not say; ``types`` None leaves ``typ`` alone."""
    named = [name for name in _FOREIGN_KEYS if name in header]
    if named:
        raise TokenRefused("embedded-key", f"the token brings its own key ('{named[0]}')")
    if "crit" in header or "b64" in header:
        raise TokenRefused("critical", "the token needs an extension that is not understood")
    given = header.get("typ")
    if types is not None and (not isinstance(given, str) or given.lower() not in types):
        raise TokenRefused("type", "not an access token: its type is not at+jwt")
    if not isinstance(header.get("alg"), str):
        raise TokenRefused("algorithm", "the token names no algorithm")


def check_signature(compact: Compact, key: VerifyingKey) -> None:
    """Refuse an algorithm that is not the key's own, and a signature that is not by this key."""
    if compact.header["alg"] not in ACCEPTED_NAMES[key.algorithm]:
        raise TokenRefused("algorithm", f"the key is for {key.algorithm} only")
    if not key.verifies(compact.signed, compact.signature):
        raise TokenRefused("signature", "the signature is wrong")


def moment(claims: Mapping[str, Any], name: str) -> float:
    """A claim that is a time."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused("claims", f"'{name}' is missing or no time")
    try:
        seconds = float(value)
    except OverflowError as exc:
        raise TokenRefused("claims", f"'{name}' is no time") from exc
    if not math.isfinite(seconds):
        raise TokenRefused("claims", f"'{name}' is no time")
    return seconds


def check_times(claims: Mapping[str, Any], now: float) -> tuple[float, float]:
    """When the token was issued and when it expires; refuses one that is not valid at ``now``."""
    issued, expires = moment(claims, "iat"), moment(claims, "exp")
    starts = moment(claims, "nbf") if "nbf" in claims else issued
    if now >= expires:
        raise TokenRefused("expired", f"the token expired {now - expires:.0f} s ago")
    if max(starts, issued) > now + _LEEWAY:
        raise TokenRefused("not-yet-valid", f"the token is valid in {max(starts, issued) - now:.0f} s")
    return issued, expires


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that is a text and not empty."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise TokenRefused("claims", f"'{name}' is missing or no text")
    return value


def _identity(claims: Mapping[str, Any], kid: str, expected: Expected, now: float) -> Identity:
    if text(claims, "iss") != expected.issuer:
        raise TokenRefused("issuer", "the token is from another issuer")
    audience = _texts(claims, "aud")
    if expected.audience is not None and expected.audience not in audience:
        raise TokenRefused("audience", f"the token is not for '{expected.audience}'")
    issued, expires = check_times(claims, now)
    token_id = text(claims, "jti")
    origins = _texts(claims, ORIGIN) if ORIGIN in claims else ()
    return Identity(
        subject=text(claims, "sub"),
        client=text(claims, "client_id"),
        scopes=_scopes(claims),
        audience=audience,
        issuer=expected.issuer,
        issued_at=issued,
        expires_at=expires,
        token_id=token_id,
        key_id=kid,
        actors=_actors(claims),
        token_ids=frozenset({token_id, *origins}),
    )


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name)
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one for one in found):
        raise TokenRefused("claims", f"'{name}' is missing, or neither a text nor a list of texts")
    return tuple(found)


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    value = claims.get("scope", "")
    if not isinstance(value, str):
        raise TokenRefused("claims", "'scope' is no text")
    return frozenset(value.split(" ")) - {""}


def _actors(claims: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    holder: Mapping[str, Any] = claims
    while "act" in holder:
        actor = holder["act"]
        if not isinstance(actor, dict) or len(found) == _DEEPEST_CHAIN:
            raise TokenRefused("claims", "'act' is no chain of actors")
        found.append(text(actor, "sub"))
        holder = actor
    return tuple(found)
