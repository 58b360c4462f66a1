"""Tokens issued, exchanged and revoked; keys rotated; and all of it remembered over restarts."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from msctl.auth.authority import Authority
from msctl.auth.compact import parse
from msctl.auth.jose import read_key_set
from msctl.auth.keyring import key_set
from msctl.auth.policy import GrantRefused
from msctl.auth.refusal import TokenRefused
from msctl.auth.trust import REFETCH
from msctl.auth.verifier import Expected, verify
from tests.unit.auth.conftest import DIRECTORY, World, client
from tests.unit.auth.corpus import ISSUER, NOW


def token(authority: Authority, name: str = "web", **more: object) -> str:
    return str(authority.issue(DIRECTORY.clients[name], None, None, **more)["access_token"])  # type: ignore[arg-type]


def test_a_token_is_one_of_rfc_9068(authority: Authority) -> None:
    compact = parse(token(authority).encode())
    assert compact.header["typ"] == "at+jwt"
    assert compact.header["alg"] == "Ed25519"
    assert set(compact.payload) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope"}
    keys = read_key_set(key_set(authority.keys))
    assert verify(token(authority).encode(), keys, Expected(ISSUER, "gateway"), NOW).client == "web"


def test_an_exchanged_token_tells_who_acts_for_whom_and_ends_with_the_first(
    authority: Authority, world: World
) -> None:
    subject = token(authority, ttl=60.0, subject="ann")
    world.now += 20
    answer = authority.exchange(DIRECTORY.clients["gateway"], subject, "orders", None)
    claims = parse(answer["access_token"].encode()).payload
    assert (claims["sub"], claims["client_id"], claims["aud"]) == ("ann", "gateway", "orders")
    assert claims["act"] == {"sub": "gateway"}
    assert (answer["expires_in"], claims["exp"]) == (40, NOW + 60)
    identity = authority.identity(answer["access_token"])
    assert authority.identity(subject).token_id in identity.token_ids


def test_actors_form_a_chain(authority: Authority) -> None:
    authority.directory = replace(
        DIRECTORY,
        clients={**DIRECTORY.clients, "orders": client("orders", "service", exchanges={"inventory": ("i",)})},
    )
    first = authority.exchange(DIRECTORY.clients["gateway"], token(authority), "orders", None)["access_token"]
    second = authority.exchange(authority.directory.clients["orders"], first, "inventory", None)[
        "access_token"
    ]
    assert parse(second.encode()).payload["act"] == {"sub": "orders", "act": {"sub": "gateway"}}


def test_a_revoked_token_and_what_came_of_it_are_refused_and_it_is_announced(
    authority: Authority, world: World
) -> None:
    first = token(authority)
    inner = authority.exchange(DIRECTORY.clients["gateway"], first, "orders", None)["access_token"]
    before = world.announced
    authority.revoke(authority.identity(first))
    assert world.announced == before + 1
    for revoked in (first, inner):
        with pytest.raises(TokenRefused, match="revoked"):
            authority.identity(revoked)
    with pytest.raises(GrantRefused) as refused:
        authority.exchange(DIRECTORY.clients["gateway"], first, "orders", None)
    assert refused.value.error == "invalid_grant"


def test_keys_and_revocations_survive_a_restart(authority: Authority, world: World) -> None:
    kept, gone = token(authority), token(authority)
    authority.revoke(authority.identity(gone))
    after = world.authority()
    assert after.identity(kept).subject == "web"
    with pytest.raises(TokenRefused, match="revoked"):
        after.identity(gone)
    assert [key.kid for key in after.keys] == [key.kid for key in authority.keys]


def test_revocations_are_forgotten_with_their_tokens(authority: Authority, world: World) -> None:
    authority.revoke(authority.identity(token(authority, ttl=60.0)))
    assert len(authority.revoked()) == 1
    world.now += 61
    assert authority.revoked() == {}


def test_a_new_key_signs_later_and_tokens_of_the_old_one_stay_good(
    authority: Authority, world: World
) -> None:
    first = authority.keys[0].kid
    old, made = token(authority), authority.rotate()
    assert parse(token(authority).encode()).header["kid"] == first
    world.now += REFETCH
    assert parse(token(authority).encode()).header["kid"] == made.kid
    assert authority.identity(old).key_id == first


def test_keys_that_nothing_bears_any_more_go_at_the_next_rotation(authority: Authority, world: World) -> None:
    first = authority.keys[0].kid
    authority.rotate()
    world.now += DIRECTORY.max_ttl + 2 * REFETCH + 1
    authority.rotate()
    assert first not in {key.kid for key in authority.keys}


def test_another_algorithm_in_the_manifest_brings_a_key_of_it(authority: Authority, world: World) -> None:
    authority.use_directory(replace(DIRECTORY, algorithm="ES256"))
    assert parse(token(authority).encode()).header["alg"] == "Ed25519"
    world.now += REFETCH
    assert parse(token(authority).encode()).header["alg"] == "ES256"


def test_each_token_leaves_an_audit_line_without_itself(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "msctl.auth.audit"):
        made = token(authority, subject="ann")
    (line,) = [vars(record) for record in caplog.records if record.message == "token issued"]
    assert (line["client_id"], line["sub"], line["aud"]) == ("web", "ann", "gateway")
    assert made.split(".")[2] not in json.dumps(line, default=str)


def test_the_state_is_private(world: World, authority: Authority) -> None:
    assert stat.S_IMODE(world.path.stat().st_mode) == 0o600
