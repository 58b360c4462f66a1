"""Keys over time: published before they sign, kept as long as a token can bear them."""

from __future__ import annotations

from itertools import pairwise

from msctl.auth.keyring import IssuerKey, expired, first_key, next_key, signing, state
from msctl.auth.trust import REFETCH
from tests.unit.auth.corpus import NOW


def key_at(name: str, now: float, *, first: bool = False) -> IssuerKey:
    jwk = {"kid": name, "alg": "Ed25519"}
    return first_key(jwk, now) if first else next_key(jwk, now)


FIRST, SECOND = key_at("1", NOW, first=True), key_at("2", NOW + 100)
KEYS = (FIRST, SECOND)


def states(now: float) -> list[str]:
    return [state(key, KEYS, now) for key in KEYS]


def test_the_first_key_signs_at_once() -> None:
    assert signing((FIRST,), NOW) == FIRST


def test_a_new_key_is_published_one_refetch_period_before_it_signs() -> None:
    assert states(NOW + 100) == ["signing", "published"]
    assert states(NOW + 100 + REFETCH - 0.01) == ["signing", "published"]
    assert states(NOW + 100 + REFETCH) == ["retired", "signing"]


def test_a_retired_key_stays_while_a_token_may_live() -> None:
    retired = NOW + 100 + REFETCH
    assert expired(KEYS, 3600, retired + 3600 + REFETCH) == ()
    assert expired(KEYS, 3600, retired + 3600 + REFETCH + 1) == (FIRST,)


def test_rotating_faster_than_keys_are_fetched_never_signs_with_one_that_is_too_young() -> None:
    keys = [FIRST, *(key_at(str(n), NOW + 5 * n) for n in range(1, 61))]
    for second in range(400):
        now = NOW + second
        known = [key for key in keys if key.published_at <= now]
        used = signing(known, now)
        assert used.published_at <= now - REFETCH or used == FIRST
        assert used not in expired(known, 3600, now)
    assert all(a.signs_from < b.signs_from for a, b in pairwise(keys))
