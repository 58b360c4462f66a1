"""What the token check costs on the gateway's hot path, and what it costs when nothing is known yet.

Run: ``python -m benchmarks.tokens``. Prints microseconds of CPU time, and exits with 1 where a token that was
seen before costs more than its bar.
"""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable

from benchmarks.bars import show
from msctl.auth.algorithms import Algorithm
from msctl.auth.jose import Signer, generate, public_part, read_key_set
from msctl.gateway.config import AuthConfig
from msctl.gateway.identities import Identities
from msctl.gateway.wire.fields import Fields

_ISSUER = "https://shop.example"
_ALGORITHMS: tuple[Algorithm, ...] = ("Ed25519", "ES256", "RS256")
_SCOPES = ("orders:read",)


def main() -> int:
    """Print the table."""
    print(f"  {'µs for each request':<50}{'median':>10}{'least':>10}{'most':>10}")
    figures: dict[str, list[float]] = {}
    for algorithm in _ALGORITHMS:
        figures |= _figures(algorithm)
    return 1 if show(figures) else 0


def _figures(algorithm: Algorithm) -> dict[str, list[float]]:
    jwk = generate(algorithm)
    identities = Identities(AuthConfig(_ISSUER, "gateway", "none"), time.time)
    identities.trust.use_keys(read_key_set({"keys": [public_part(jwk)]}))
    signer = Signer.of(jwk)
    known, bad = _fields(_token(signer, 0)), _fields(_token(signer, 0)[:-4] + "AAAA")
    fresh = iter([_fields(_token(signer, number)) for number in range(1, 1101)])
    return {
        f"{algorithm}, a token seen before (<= 3)": _rounds(lambda: identities.judge(known, _SCOPES), 20_000),
        f"{algorithm}, a new token": _rounds(lambda: identities.judge(next(fresh), _SCOPES), 200),
        f"{algorithm}, a wrong signature": _rounds(lambda: identities.judge(bad, _SCOPES), 200),
    }


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


def _rounds(work: Callable[[], object], times: int) -> list[float]:
    """Microseconds of one, in each of five rounds."""
    rounds = timeit.repeat(work, number=times, repeat=5, timer=time.process_time)
    return [seconds / times * 1e6 for seconds in rounds]


if __name__ == "__main__":
    sys.exit(main())
