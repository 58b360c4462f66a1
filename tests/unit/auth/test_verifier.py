"""The one verifier: every bad token refused for the right reason, good ones read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from msctl.auth.algorithms import Algorithm
from msctl.auth.jose import VerifyingKey, read_key_set
from msctl.auth.refusal import TokenRefused
from msctl.auth.verifier import Expected, verify
from tests.unit.auth.corpus import (
    AUDIENCE,
    CORPUS,
    ISSUER,
    NOW,
    OURS,
    claims,
    good,
    header,
    key,
    key_set,
    signed,
)

EXPECTED = Expected(ISSUER, AUDIENCE)


@pytest.fixture(scope="module")
def keys() -> Mapping[str, VerifyingKey]:
    return read_key_set(key_set())


def raw(token: str | bytes) -> bytes:
    return token if isinstance(token, bytes) else token.encode()


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_token_is_refused_for_its_reason(name: str, keys: Mapping[str, VerifyingKey]) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(raw(CORPUS[name].make(NOW)), keys, EXPECTED, NOW)
    assert refused.value.reason == CORPUS[name].reason, refused.value.message


@pytest.mark.parametrize("algorithm", OURS)
def test_a_good_token_is_read(algorithm: Algorithm, keys: Mapping[str, VerifyingKey]) -> None:
    token = good(
        algorithm=algorithm, act={"sub": "gateway", "act": {"sub": "portal"}}, origin_jti=["token-0"]
    )
    identity = verify(raw(token), keys, EXPECTED, NOW)
    assert (identity.subject, identity.client, *identity.scopes) == ("ann", "web", "orders:read")
    assert identity.actors == ("gateway", "portal")
    assert identity.token_ids == {"token-1", "token-0"}
    assert identity.key_id == key("ours", algorithm)["kid"]


@pytest.mark.parametrize(
    "token",
    [
        lambda: signed(header(alg="EdDSA"), claims()),
        lambda: signed(header(typ="application/at+jwt"), claims()),
        lambda: signed(header(typ="AT+JWT"), claims()),
        lambda: good(aud=["orders", "gateway"]),
        lambda: good(scope=None),
        lambda: good(nbf=NOW),
        lambda: good(iat=NOW + 3),
    ],
    ids=["older name of the algorithm", "long type", "type in capitals", "one audience of two", "no scope",
         "valid from now", "a clock that is ahead"],
)  # fmt: skip
def test_what_is_unusual_and_right_is_accepted(token, keys: Mapping[str, VerifyingKey]) -> None:  # type: ignore[no-untyped-def]
    assert verify(raw(token()), keys, EXPECTED, NOW).subject == "ann"


def test_any_audience_is_accepted_where_none_is_expected(keys: Mapping[str, VerifyingKey]) -> None:
    assert verify(raw(good(aud="payments")), keys, Expected(ISSUER, None), NOW).audience == ("payments",)
