"""What the token check costs on the gateway's hot path, and what it costs when nothing is known yet.

Run: ``python -m benchmarks.tokens``. Prints microseconds for each kind of request; the bar is 3 µs for a
token that was seen before.
"""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable

from msctl.auth.jose import Algorithm, Signer, generate, public_part, read_key_set
from msctl.gateway.config import AuthConfig
from msctl.gateway.identities import Identities
from msctl.gateway.wire.fields import Fields

BAR = 3.0
_ISSUER = "https://shop.example"
_ALGORITHMS: tuple[Algorithm, ...] = ("Ed25519", "ES256", "RS256")
_SCOPES = ("orders:read",)


def main() -> None:
    """Print the table."""
    print(f"{'algorithm':<10} {'known':>9} {'new':>9} {'refused':>9}   µs for each request")
    for algorithm in _ALGORITHMS:
        known, new, refused = _figures(algorithm)
        print(f"{algorithm:<10} {known:>9.2f} {new:>9.1f} {refused:>9.1f}")
        print(f"{'':<10} {'✓' if known <= BAR else '✗'} bar {BAR:g} µs when known")


def _figures(algorithm: Algorithm) -> tuple[float, float, float]:
    jwk = generate(algorithm)
    identities = Identities(AuthConfig(_ISSUER, "gateway", "none"), time.time)
    identities.trust.use_keys(read_key_set({"keys": [public_part(jwk)]}))
    signer = Signer.of(jwk)
    known, bad = _fields(_token(signer, 0)), _fields(_token(signer, 0)[:-4] + "AAAA")
    fresh = iter([_fields(_token(signer, number)) for number in range(1, 1101)])
    return (
        _microseconds(lambda: identities.judge(known, _SCOPES), 20_000),
        _microseconds(lambda: identities.judge(next(fresh), _SCOPES), 200),
        _microseconds(lambda: identities.judge(bad, _SCOPES), 200),
    )


def _token(signer: Signer, number: int) -> str:
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "aud": "gateway",
        "sub": "ann",
        "client_id": "web",
        "iat": now,
        "exp": now + 900,
    }
    return signer.sign({**claims, "jti": str(number), "scope": "orders:read orders:write"}, "at+jwt")


def _fields(token: str) -> Fields:
    return Fields([(b"authorization", b"Authorization", b"Bearer " + token.encode())])


def _microseconds(work: Callable[[], object], times: int) -> float:
    """The median of five rounds."""
    return statistics.median(timeit.repeat(work, number=times, repeat=5)) / times * 1e6


if __name__ == "__main__":
    main()
