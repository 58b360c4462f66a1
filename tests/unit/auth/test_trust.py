"""Verified tokens are remembered until they expire, are revoked, or their key goes."""

from __future__ import annotations

import pytest

from msctl.auth import trust as trust_module
from msctl.auth.jose import public_part, read_key_set
from msctl.auth.refusal import TokenRefused
from msctl.auth.trust import Trust
from msctl.auth.verifier import Expected
from tests.unit.auth.corpus import AUDIENCE, ISSUER, NOW, STRANGER, good, key_set


@pytest.fixture
def trust() -> Trust:
    made = Trust(Expected(ISSUER, AUDIENCE))
    made.use_keys(read_key_set(key_set()))
    return made


def reason(trust: Trust, token: str, now: float = NOW) -> str:
    with pytest.raises(TokenRefused) as refused:
        trust.check(token.encode(), now)
    return refused.value.reason


def test_the_second_time_is_a_lookup(trust: Trust) -> None:
    first = trust.check(good().encode(), NOW)
    assert trust.check(good().encode(), NOW + 1) is first


def test_a_remembered_token_expires(trust: Trust) -> None:
    trust.check(good().encode(), NOW)
    assert reason(trust, good(), NOW + 900) == "expired"


def test_a_revoked_token_is_refused_remembered_or_not(trust: Trust) -> None:
    trust.check(good().encode(), NOW)
    trust.use_revoked({"token-1": NOW + 900})
    assert reason(trust, good()) == "revoked"
    assert reason(trust, good(sub="bob")) == "revoked"
    assert trust.check(good(jti="token-2").encode(), NOW).token_id == "token-2"


def test_a_token_exchanged_for_a_revoked_one_is_refused(trust: Trust) -> None:
    trust.use_revoked({"token-0": NOW + 900})
    assert reason(trust, good(origin_jti=["token-0"])) == "revoked"


def test_tokens_of_a_key_that_is_not_published_any_more_are_refused(trust: Trust) -> None:
    trust.check(good().encode(), NOW)
    trust.use_keys(read_key_set({"keys": [public_part(STRANGER)]}))
    assert reason(trust, good()) == "unknown-key"


def test_without_keys_nothing_is_believed() -> None:
    assert reason(Trust(Expected(ISSUER, AUDIENCE)), good()) == "unknown-key"


def test_what_is_remembered_is_bounded(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_module, "MOST_KNOWN", 3)
    first = trust.check(good(jti="0").encode(), NOW)
    for number in range(1, 5):
        trust.check(good(jti=str(number)).encode(), NOW)
    assert trust.check(good(jti="0").encode(), NOW) is not first
