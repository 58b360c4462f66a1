"""Asking for tokens: again while auth is away, never again once it said no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from msctl.auth.asking import AuthUnavailable, Credentials, TokenDenied, TokenEndpoint

GIVEN = {"access_token": "token", "expires_in": 60, "scope": "a b"}


class Auth:
    """Gives the scripted answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [(200, GIVEN)]
        self.forms: list[dict[str, Any]] = []
        self.logins: list[str] = []

    async def token(self, request: web.Request) -> web.Response:
        self.forms.append(dict(await request.post()))
        self.logins.append(request.headers["Authorization"])
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.json_response(body, status=status)


class Bench:
    def __init__(self, auth: Auth, url: str, session: aiohttp.ClientSession) -> None:
        self.auth = auth
        self.now = 0.0
        login = Credentials(url, "orders", "sec:ret/%")
        self.endpoint = TokenEndpoint(login, session, lambda: self.now, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    auth = Auth()
    app = web.Application()
    app.router.add_post("/oauth/token", auth.token)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Bench(auth, str(server.make_url("/oauth/token")), session)


async def test_a_token_of_ones_own(bench: Bench) -> None:
    obtained = await bench.endpoint.own("inventory", 1.0)
    assert (obtained.token, obtained.ttl, obtained.scopes) == ("token", 60.0, ("a", "b"))
    assert bench.auth.forms == [{"grant_type": "client_credentials", "audience": "inventory"}]
    assert bench.auth.logins == ["Basic b3JkZXJzOnNlYyUzQXJldCUyRiUyNQ=="]


async def test_an_exchange(bench: Bench) -> None:
    await bench.endpoint.exchange("outer", "orders", 1.0)
    assert bench.auth.forms[0]["subject_token"] == "outer"
    assert bench.auth.forms[0]["audience"] == "orders"


@pytest.mark.parametrize(
    "first",
    [(503, {}), (429, {}), (200, {"token": 1}), (200, []), (418, {})],
    ids=["an error", "too often", "no token", "no object", "no error code"],
)
async def test_it_asks_again_in_the_time_it_has(bench: Bench, first: tuple[int, Any]) -> None:
    bench.auth.answers = [first, first, (200, GIVEN)]
    assert (await bench.endpoint.own("inventory", 1.0)).token == "token"
    bench.auth.answers = [first]
    with pytest.raises(AuthUnavailable):
        await bench.endpoint.own("inventory", 1.0)


async def test_a_no_is_a_no(bench: Bench) -> None:
    bench.auth.answers = [(400, {"error": "invalid_target", "error_description": "not you"})]
    with pytest.raises(TokenDenied, match="not you") as denied:
        await bench.endpoint.own("inventory", 1.0)
    assert denied.value.error == "invalid_target"
    assert len(bench.auth.forms) == 1


def test_the_secret_does_not_show() -> None:
    assert "hunter2" not in repr(Credentials("http://auth", "orders", "hunter2"))
