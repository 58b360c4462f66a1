"""The gateway's decision about a request's token, and the internal tokens that go on in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from msctl.auth.asking import AuthUnavailable, Obtained, TokenDenied
from msctl.auth.identity import Identity
from msctl.auth.jose import read_key_set
from msctl.gateway.config import AuthConfig
from msctl.gateway.identities import Identities
from msctl.gateway.internal_tokens import InternalTokens
from msctl.gateway.outgoing import Refused
from msctl.gateway.problems import Trouble
from msctl.gateway.wire.fields import Fields, field
from tests.unit.auth.corpus import AUDIENCE, CORPUS, ISSUER, NOW, good, key_set

SCOPES = ("orders:read",)


def fields(*values: bytes) -> Fields:
    return Fields([field(b"Authorization", value) for value in values])


@pytest.fixture(scope="module")
def identities() -> Identities:
    made = Identities(AuthConfig(ISSUER, AUDIENCE, "jwks.json"), lambda: NOW)
    made.trust.use_keys(read_key_set(key_set()))
    return made


def trouble(verdict: object) -> Trouble:
    assert isinstance(verdict, Trouble)
    return verdict


def challenge(found: Trouble) -> str:
    return dict(found.headers)["WWW-Authenticate"]


@pytest.mark.parametrize("scopes", [SCOPES, ()], ids=["a guarded route", "an open route"])
@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_token_gets_a_401_that_says_why(
    identities: Identities, name: str, scopes: tuple[str, ...]
) -> None:
    made = CORPUS[name].make(NOW)
    value = b"Bearer " + (made if isinstance(made, bytes) else made.encode())
    found = trouble(identities.judge(fields(value), scopes))
    assert (found.kind, found.status, found.cause) == ("invalid-token", 401, CORPUS[name].reason)
    assert challenge(found).startswith('Bearer error="invalid_token", error_description="')
    assert challenge(found).isprintable()


def test_no_token_gets_a_bare_challenge_where_one_is_needed(identities: Identities) -> None:
    for given in (fields(), fields(b"Basic d2ViOng="), fields(b"Bearer"), fields(b"")):
        found = trouble(identities.judge(given, SCOPES))
        assert (found.status, challenge(found)) == (401, "Bearer")
        assert identities.judge(given, ()) is None


def test_a_missing_scope_gets_a_403_that_names_it(identities: Identities) -> None:
    found = trouble(identities.judge(fields(b"bearer " + good().encode()), ("orders:read", "orders:write")))
    assert (found.kind, found.status) == ("insufficient-scope", 403)
    assert challenge(found) == 'Bearer error="insufficient_scope", scope="orders:write"'


def test_a_good_token_is_somebody(identities: Identities) -> None:
    verdict = identities.judge(fields(b"Bearer " + good().encode()), SCOPES)
    assert isinstance(verdict, Identity)
    assert verdict.subject == "ann"


def test_two_tokens_are_none(identities: Identities) -> None:
    value = b"Bearer " + good().encode()
    assert trouble(identities.judge(fields(value, value), SCOPES)).status == 401


def test_before_keys_came_nobody_is_blamed() -> None:
    unready = Identities(AuthConfig(ISSUER, AUDIENCE, "jwks.json"), lambda: NOW)
    assert trouble(unready.judge(fields(b"Bearer " + good().encode()), SCOPES)).status == 503


class Endpoint:
    """Stands in for auth: counts what it is asked."""

    def __init__(
        self, error: Exception | None = None, scopes: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.error = error
        self.scopes = scopes or {}
        self.asked: list[str] = []

    async def exchange(self, token: str, audience: str, seconds: float) -> Obtained:
        return await self._give(f"exchange {audience}", audience)

    async def own(self, audience: str, seconds: float) -> Obtained:
        return await self._give(f"own {audience}", "own")

    async def _give(self, what: str, audience: str) -> Obtained:
        self.asked.append(what)
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return Obtained(what.replace(" ", "-"), 60.0, self.scopes.get(audience, ("x",)))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def internal(endpoint: Endpoint, clock: Clock | None = None) -> InternalTokens:
    return InternalTokens(endpoint, clock or Clock())  # type: ignore[arg-type]


ANN = Identity("ann", "web", frozenset(), ("gateway",), ISSUER, NOW, NOW + 900, "token-1", "kid")


async def test_many_requests_cause_one_exchange() -> None:
    endpoint, clock = Endpoint(), Clock()
    tokens = internal(endpoint, clock)
    assert tokens.known(ANN, "orders") is None
    values = await asyncio.gather(*(tokens.obtain(ANN, "token", "orders", 1.0) for _ in range(50)))
    assert set(values) == {b"Bearer exchange-orders"}
    assert tokens.known(ANN, "orders") == b"Bearer exchange-orders"
    assert tokens.known(ANN, "payments") is None
    assert endpoint.asked == ["exchange orders"]
    clock.now += 60
    assert tokens.known(ANN, "orders") is None


async def test_a_part_may_be_asked_in_the_gateways_own_name() -> None:
    endpoint = Endpoint(scopes={"payments": ()})
    tokens = internal(endpoint)
    assert await tokens.for_part(ANN, "token", "orders", 1.0) == b"Bearer exchange-orders"
    assert await tokens.for_part(ANN, "token", "payments", 1.0) == b"Bearer own-payments"
    assert await tokens.for_part(None, "", "payments", 1.0) == b"Bearer own-payments"
    assert endpoint.asked == ["exchange orders", "exchange payments", "own payments"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TokenDenied("invalid_grant", "revoked"), 401),
        (TokenDenied("invalid_target", "unknown"), 503),
        (AuthUnavailable("away"), 503),
    ],
    ids=["revoked meanwhile", "not for this service", "auth away"],
)
async def test_without_an_internal_token_the_request_is_refused(error: Exception, status: int) -> None:
    with pytest.raises(Refused) as refused:
        await internal(Endpoint(error)).obtain(ANN, "token", "orders", 1.0)
    assert refused.value.trouble.status == status
