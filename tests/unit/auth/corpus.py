"""Tokens that nobody may accept, each with the reason; and the issuer that good ones come from."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from msctl.auth.algorithms import Algorithm
from msctl.auth.compact import encode
from msctl.auth.jose import Jwk, Signer, generate, public_part
from msctl.auth.refusal import Reason

ISSUER = "https://shop.example"
AUDIENCE = "gateway"
NOW = 1_800_000_000.0


@cache
def key(name: str, algorithm: Algorithm) -> Jwk:
    """A private key, the same for everybody who asks for ``name``."""
    return generate(algorithm)


OURS: tuple[Algorithm, ...] = ("Ed25519", "ES256", "RS256")


def key_set() -> dict[str, Any]:
    """What the issuer publishes: one key of each algorithm."""
    return {"keys": [public_part(key("ours", algorithm)) for algorithm in OURS]}


def claims(now: float = NOW, **changes: Any) -> dict[str, Any]:
    """Good claims, changed; a claim that is None is left out."""
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ann",
        "client_id": "web",
        "iat": int(now),
        "exp": int(now) + 900,
        "jti": "token-1",
        "scope": "orders:read",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def good(now: float = NOW, algorithm: Any = "Ed25519", **changes: Any) -> str:
    """A token that is accepted, unless ``changes`` spoil it."""
    return Signer.of(key("ours", algorithm)).sign(claims(now, **changes), "at+jwt")


def signed(
    header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, by: Jwk | None = None
) -> str:
    """A token of any header and payload with a good signature over it."""
    jwk = by or key("ours", "Ed25519")
    parts = [part if isinstance(part, bytes) else _json(part) for part in (header, payload)]
    content = b".".join(encode(part) for part in parts)
    return _with_signature(content, jwk)


def _with_signature(content: bytes, jwk: Jwk) -> str:
    signature = JWSRegistry.algorithms[str(jwk["alg"])].sign(content, Signer.of(jwk).key)
    return (content + b"." + encode(signature)).decode("ascii")


def header(**changes: Any) -> dict[str, Any]:
    """A good header, changed; a member that is None is left out."""
    usual = {"alg": "Ed25519", "typ": "at+jwt", "kid": key("ours", "Ed25519")["kid"]}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


@dataclass(frozen=True)
class Bad:
    """``make`` gives the token for a moment; ``reason`` is what is wrong with it."""

    reason: Reason
    make: Callable[[float], str | bytes] = field(repr=False)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()


def _head(reason: Reason, **changes: Any) -> Bad:
    return Bad(reason, lambda now: signed(header(**changes), claims(now)))


def _claim(reason: Reason, **changes: Any) -> Bad:
    return Bad(reason, lambda now: good(now, **changes))


def _times(reason: Reason, **offsets: float) -> Bad:
    return Bad(reason, lambda now: good(now, **{name: now + offset for name, offset in offsets.items()}))


def _part(number: int, change: Callable[[bytes], bytes]) -> Callable[[float], bytes]:
    def make(now: float) -> bytes:
        parts = good(now).encode().split(b".")
        parts[number] = change(parts[number])
        return b".".join(parts)

    return make


def _hmac_with(secret: bytes, algorithm: str = "HS256") -> Callable[[float], str]:
    def make(now: float) -> str:
        content = encode(_json(header(alg=algorithm))) + b"." + encode(_json(claims(now)))
        return (content + b"." + encode(hmac.digest(secret, content, hashlib.sha256))).decode()

    return make


def _public_pem() -> bytes:
    return RSAKey.import_key(dict(key("ours", "RS256"))).as_pem(private=False)


def _public_bytes() -> bytes:
    text = str(key("ours", "Ed25519")["x"])
    return base64.urlsafe_b64decode(text + "=")


def _unsigned(name: str) -> Callable[[float], str]:
    return lambda now: (encode(_json(header(alg=name))) + b"." + encode(_json(claims(now))) + b".").decode()


def _chain(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": "a"}
    for _ in range(depth):
        found = {"sub": "a", "act": found}
    return found


STRANGER: Jwk = key("stranger", "Ed25519")

CORPUS: dict[str, Bad] = {
    "alg none": Bad("malformed", _unsigned("none")),
    "alg None in capitals": Bad("malformed", _unsigned("NONE")),
    "alg none with a signature": _head("algorithm", alg="none"),
    "alg missing": _head("algorithm", alg=None),
    "alg a number": _head("algorithm", alg=5),
    "alg a list": _head("algorithm", alg=["Ed25519"]),
    "alg in lower case": _head("algorithm", alg="ed25519"),
    "alg of another key": _head("algorithm", alg="RS256"),
    "alg of an unknown kind": _head("algorithm", alg="XS999"),
    "ES256 claimed for RS256's key": _head("algorithm", alg="ES256", kid=key("ours", "RS256")["kid"]),
    "HMAC with the public PEM": Bad("algorithm", _hmac_with(_public_pem())),
    "HMAC with the public key's bytes": Bad("algorithm", _hmac_with(_public_bytes())),
    "HMAC with the kid": Bad("algorithm", _hmac_with(str(key("ours", "Ed25519")["kid"]).encode())),
    "HMAC with nothing": Bad("algorithm", _hmac_with(b"")),
    "HMAC called Ed25519": Bad("signature", _hmac_with(_public_bytes(), "Ed25519")),
    "kid missing": _head("unknown-key", kid=None),
    "kid empty": _head("unknown-key", kid=""),
    "kid a number": _head("unknown-key", kid=1),
    "kid a path": _head("unknown-key", kid="../../../../dev/null"),
    "kid an absolute path": _head("unknown-key", kid="/run/secrets/oauth_client_secret"),
    "kid SQL": _head("unknown-key", kid="x' UNION SELECT 'secret' --"),
    "kid a command": _head("unknown-key", kid="|cat /etc/passwd"),
    "kid an address": _head("unknown-key", kid="http://evil.example/key"),
    "kid with NUL": _head("unknown-key", kid="\x00"),
    "kid a list": _head("unknown-key", kid=[key("ours", "Ed25519")["kid"]]),
    "kid of a stranger": Bad("unknown-key", lambda now: Signer.of(STRANGER).sign(claims(now), "at+jwt")),
    "signed by a stranger under our kid": Bad(
        "signature", lambda now: signed(header(), claims(now), STRANGER)
    ),
    "jku": _head("embedded-key", jku="https://evil.example/jwks.json"),
    "x5u": _head("embedded-key", x5u="https://evil.example/cert.pem"),
    "x5c": _head("embedded-key", x5c=["MIIB"]),
    "embedded jwk": Bad(
        "embedded-key", lambda now: signed(header(jwk=public_part(STRANGER)), claims(now), STRANGER)
    ),
    "embedded jwk of our own": _head("embedded-key", jwk=public_part(key("ours", "Ed25519"))),
    "unknown crit": _head("critical", crit=["urn:example:unknown"]),
    "crit empty": _head("critical", crit=[]),
    "crit b64": _head("critical", crit=["b64"], b64=False),
    "b64 without crit": _head("critical", b64=False),
    "typ JWT": _head("type", typ="JWT"),
    "typ missing": _head("type", typ=None),
    "typ of an identity token": _head("type", typ="id+jwt"),
    "typ of a logout token": _head("type", typ="logout+jwt"),
    "typ a number": _head("type", typ=1),
    "wrong audience": _claim("audience", aud="payments"),
    "audience of a list of others": _claim("audience", aud=["orders", "payments"]),
    "audience almost": _claim("audience", aud="gateway "),
    "audience missing": _claim("claims", aud=None),
    "audience empty": _claim("claims", aud=[]),
    "audience an object": _claim("claims", aud={"gateway": True}),
    "audience with a number in it": _claim("claims", aud=["gateway", 1]),
    "wrong issuer": _claim("issuer", iss="https://evil.example"),
    "issuer with a slash more": _claim("issuer", iss=f"{ISSUER}/"),
    "issuer missing": _claim("claims", iss=None),
    "issuer a list": _claim("claims", iss=[ISSUER]),
    "expired": _times("expired", exp=-1),
    "expires this moment": Bad("expired", lambda now: good(now, exp=now)),
    "expired long ago": _times("expired", exp=-10_000_000, iat=-10_000_900),
    "exp negative": _claim("expired", exp=-1),
    "exp missing": _claim("claims", exp=None),
    "exp a text": _claim("claims", exp="2999999999"),
    "exp true": _claim("claims", exp=True),
    "exp beyond numbers": _claim("claims", exp=10**400),
    "exp infinite": Bad("malformed", lambda now: signed(header(), _infinite(now))),
    "not yet valid": _times("not-yet-valid", nbf=60),
    "issued in the future": _times("not-yet-valid", iat=3600),
    "nbf a text": _claim("claims", nbf="now"),
    "iat missing": _claim("claims", iat=None),
    "sub missing": _claim("claims", sub=None),
    "sub empty": _claim("claims", sub=""),
    "sub a number": _claim("claims", sub=7),
    "client_id missing": _claim("claims", client_id=None),
    "jti missing": _claim("claims", jti=None),
    "scope a list": _claim("claims", scope=["orders:read"]),
    "act a text": _claim("claims", act="gateway"),
    "act without sub": _claim("claims", act={"act": {"sub": "gateway"}}),
    "act without end": _claim("claims", act=_chain(50)),
    "empty": Bad("malformed", lambda now: ""),
    "dots only": Bad("malformed", lambda now: ".."),
    "one segment": Bad("malformed", lambda now: good(now).split(".")[0]),
    "two segments": Bad("malformed", lambda now: ".".join(good(now).split(".")[:2])),
    "four segments": Bad("malformed", lambda now: good(now) + ".x"),
    "five segments, as if encrypted": Bad("malformed", lambda now: "a.b.c.d.e"),
    "truncated signature": Bad("malformed", lambda now: good(now)[:-1]),
    "half a signature": Bad("signature", _part(2, lambda part: part[:40])),
    "truncated payload": Bad("malformed", _part(1, lambda part: part[:-8])),
    "signature of another token": Bad(
        "signature", lambda now: ".".join([*good(now).split(".")[:2], good(now, sub="bob").split(".")[2]])
    ),
    "payload of another token": Bad(
        "signature", lambda now: ".".join([good(now).split(".")[0], *_swapped(now)])
    ),
    "padding": Bad("malformed", _part(1, lambda part: part + b"=")),
    "ordinary base64": Bad("malformed", _part(2, lambda part: b"+/" + part[2:])),
    "spare bits set": Bad("malformed", _part(2, lambda part: part[:-1] + _spare(part[-1:]))),
    "blank inside": Bad("malformed", _part(1, lambda part: part[:9] + b" " + part[9:])),
    "line break inside": Bad("malformed", _part(1, lambda part: part[:9] + b"%0a" + part[9:])),
    "doubled claim": Bad("malformed", lambda now: signed(header(), _doubled(now, b'"sub"', b'"eve"'))),
    "doubled audience": Bad(
        "malformed", lambda now: signed(header(), _doubled(now, b'"aud"', b'"payments"'))
    ),
    "doubled alg": Bad("malformed", lambda now: signed(_twice(header()), claims(now))),
    "doubled claim deep inside": Bad(
        "malformed", lambda now: signed(header(), _json(claims(now))[:-1] + b',"act":{"sub":"a","sub":"b"}}')
    ),
    "huge": _claim("too-large", sub="x" * 20_000),
    "huge header": _head("too-large", kid="k" * 20_000),
    "deep": Bad("malformed", lambda now: signed(header(), b'{"a":' + b"[" * 2400 + b"]" * 2400 + b"}")),
    "not UTF-8": Bad("malformed", lambda now: signed(header(), b'{"sub": "\xff\xfe"}')),
    "UTF-16": Bad("malformed", lambda now: signed(header(), json.dumps(claims(now)).encode("utf-16"))),
    "with a byte order mark": Bad(
        "malformed", lambda now: signed(header(), b"\xef\xbb\xbf" + _json(claims(now)))
    ),
    "header not UTF-8": Bad("malformed", lambda now: signed(b'{"alg": "\xff"}', claims(now))),
    "payload a list": Bad("malformed", lambda now: signed(header(), b"[1]")),
    "payload a text": Bad("malformed", lambda now: signed(header(), b'"ann"')),
    "payload null": Bad("malformed", lambda now: signed(header(), b"null")),
    "payload empty": Bad("malformed", lambda now: signed(header(), b"")),
    "payload no JSON": Bad("malformed", lambda now: signed(header(), b"sub=ann")),
    "two objects": Bad("malformed", lambda now: signed(header(), _json(claims(now)) + b"{}")),
    "header a list": Bad("malformed", lambda now: signed(b'["alg"]', claims(now))),
    "NaN": Bad("malformed", lambda now: signed(header(), _json(claims(now))[:-1] + b',"x":NaN}')),
    "letters of other scripts": Bad(
        "malformed", lambda now: good(now).replace("e", "е", 1)
    ),  # a Cyrillic one
    "bytes that are no text": Bad("malformed", lambda now: b"\xff\xfe\xfd.\x80.\x81"),
}


def _infinite(now: float) -> bytes:
    return json.dumps(claims(now, exp=float("inf"))).encode()


def _swapped(now: float) -> list[str]:
    return [good(now, sub="bob").split(".")[1], good(now).split(".")[2]]


def _spare(last: bytes) -> bytes:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return bytes([alphabet[alphabet.index(last) ^ 1]])


def _doubled(now: float, name: bytes, value: bytes) -> bytes:
    return _json(claims(now))[:-1] + b"," + name + b":" + value + b"}"


def _twice(found: Mapping[str, Any]) -> bytes:
    return _json(found)[:-1] + b',"alg":"none"}'
