"""Keys and signatures by joserfc, which checks signatures well and leaves the policy to us."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from msctl.auth.algorithms import ACCEPTED_NAMES, Algorithm
from msctl.auth.compact import encode
from msctl.auth.refusal import KeySetRefused

Jwk = Mapping[str, Any]

_RSA_BITS = 3072
_LEAST_RSA_BITS = 2048
_LONGEST_KID = 200


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key with the one algorithm it is used with."""

    kid: str
    algorithm: Algorithm
    key: Key

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Whether ``signature`` over ``signed`` was made with this key's private half."""
        try:
            return bool(JWSRegistry.algorithms[self.algorithm].verify(signed, signature, self.key))
        except (JoseError, ValueError):
            return False


def generate(algorithm: Algorithm) -> Jwk:
    """A new private key as a JWK whose ``kid`` is its RFC 7638 thumbprint."""
    made: Key
    if algorithm == "Ed25519":
        made = OKPKey.generate_key("Ed25519", private=True)
    elif algorithm == "ES256":
        made = ECKey.generate_key("P-256", private=True)
    else:
        made = RSAKey.generate_key(_RSA_BITS, private=True)
    return {**made.as_dict(private=True), "kid": made.thumbprint(), "alg": algorithm, "use": "sig"}


def public_part(jwk: Jwk) -> Jwk:
    """The public members of a key."""
    return {**import_key(dict(jwk)).as_dict(private=False), "kid": jwk["kid"]}


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key made ready for use, which takes a while for RSA."""

    kid: str
    algorithm: Algorithm
    key: Key

    @classmethod
    def of(cls, jwk: Jwk) -> Signer:
        """The signer of a private key that ``generate`` made."""
        return cls(str(jwk["kid"]), cast(Algorithm, jwk["alg"]), import_key(dict(jwk)))

    def sign(self, claims: Mapping[str, Any], token_type: str) -> str:
        """A token of ``claims``."""
        header = {"alg": self.algorithm, "typ": token_type, "kid": self.kid}
        signed = encode(_json(header)) + b"." + encode(_json(claims))
        signature = JWSRegistry.algorithms[self.algorithm].sign(signed, self.key)
        return (signed + b"." + encode(signature)).decode("ascii")


def read_key_set(document: object) -> Mapping[str, VerifyingKey]:
    """The keys of a JWKS that are fit for signatures, by ``kid``; others are passed over.

    Raises ``KeySetRefused`` for what is no JWKS, carries a private key, or has one ``kid`` twice.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeySetRefused("not a JSON Web Key Set: it has no list 'keys'")
    found: dict[str, VerifyingKey] = {}
    for key in _usable(listed):
        if key.kid in found:
            raise KeySetRefused(f"the key set has two keys with the id '{key.kid}'")
        found[key.kid] = key
    return MappingProxyType(found)


def read_public_key(document: object) -> VerifyingKey:
    """One public key: a JWK, or the text of a PEM file."""
    try:
        key = import_key(document) if isinstance(document, dict) else _pem(str(document))
    except (JoseError, ValueError, TypeError, KeyError) as exc:
        raise KeySetRefused("not a public key: a JWK or PEM of Ed25519, P-256 or RSA is needed") from exc
    if key.is_private:
        raise KeySetRefused("this is a private key; register the public one")
    usable = _verifying(key, key.as_dict(private=False))
    if usable is None:
        raise KeySetRefused("no key for signatures: Ed25519, P-256, or RSA with 2048 bits or more is needed")
    return usable


def _pem(text: str) -> Key:
    for kind in ("OKP", "EC", "RSA"):
        try:
            return import_key(text, kind)
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("no PEM of a known kind")


def _usable(listed: Iterable[object]) -> Iterable[VerifyingKey]:
    for member in listed:
        if not isinstance(member, dict) or member.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(member)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if key.key_type == "oct" or key.is_private:
            raise KeySetRefused("the key set carries a secret; only public keys belong there")
        usable = _verifying(key, member)
        if usable is not None:
            yield usable


def _verifying(key: Key, member: Jwk) -> VerifyingKey | None:
    algorithm = _algorithm(key)
    if algorithm is None or member.get("alg", algorithm) not in ACCEPTED_NAMES[algorithm]:
        return None
    kid = member.get("kid", key.thumbprint())
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:
        return None
    return VerifyingKey(kid, algorithm, key)


def _algorithm(key: Key) -> Algorithm | None:
    if isinstance(key, OKPKey):
        return "Ed25519" if key.curve_name == "Ed25519" else None
    if isinstance(key, ECKey):
        return "ES256" if key.curve_name == "P-256" else None
    if isinstance(key, RSAKey) and key.public_key.key_size >= _LEAST_RSA_BITS:
        return "RS256"
    return None


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
