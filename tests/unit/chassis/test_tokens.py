"""Tokens of one's own: fetched once for all, renewed early, replaced when not accepted."""

from __future__ import annotations

import asyncio

import pytest

from msctl.auth.asking import AuthUnavailable, Obtained, TokenDenied
from msctl.chassis.tokens import CallTokens


class Endpoint:
    """Gives numbered tokens that live for 100 seconds."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.hangs = False

    async def own(self, audience: str, seconds: float) -> Obtained:
        self.asked += 1
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return Obtained(f"{audience}-{self.asked}", 100.0, ())


class Bench:
    def __init__(self) -> None:
        self.now = 0.0
        self.endpoint = Endpoint()
        self.tokens = CallTokens(self.endpoint, lambda: self.now)  # type: ignore[arg-type]

    async def token(self, audience: str = "stock") -> str:
        return await self.tokens.token(audience, 1.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_calls_share_one_token_for_each_service(bench: Bench) -> None:
    assert set(await asyncio.gather(*(bench.token() for _ in range(20)))) == {"stock-1"}
    assert await bench.token("payments") == "payments-2"
    assert bench.endpoint.asked == 2


async def test_it_is_renewed_while_the_old_one_is_still_good(bench: Bench) -> None:
    await bench.token()
    bench.now = 76.0
    assert await bench.token() == "stock-1"
    await settle()
    assert await bench.token() == "stock-2"


async def test_auth_away_is_not_felt_until_the_token_is_over(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.token()
    bench.endpoint.error = AuthUnavailable("away")
    bench.now = 97.0
    assert await bench.token() == "stock-1"
    await settle()
    assert "no token for calls to stock" in caplog.text
    bench.now = 98.0
    with pytest.raises(AuthUnavailable):
        await bench.token()


async def test_a_refusal_is_told(bench: Bench) -> None:
    bench.endpoint.error = TokenDenied("invalid_target", "no")
    with pytest.raises(TokenDenied):
        await bench.token()


async def test_waiting_for_a_token_has_an_end(bench: Bench) -> None:
    bench.endpoint.hangs = True
    with pytest.raises(TimeoutError):
        await bench.tokens.token("stock", 0.01)


async def test_one_that_was_not_accepted_is_replaced(bench: Bench) -> None:
    first = await bench.token()
    bench.tokens.forget("stock", first)
    assert await bench.token() == "stock-2"
    bench.tokens.forget("stock", first)
    assert await bench.token() == "stock-2"
