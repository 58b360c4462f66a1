"""Incoming tokens: every bad one refused, scopes enforced, the caller told to the handler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from msctl.auth.jose import read_key_set
from msctl.auth.trust import Trust
from msctl.auth.verifier import Expected
from msctl.chassis.exchange import Request
from msctl.chassis.guard import Guard
from msctl.chassis.metrics import Metrics
from msctl.chassis.problems import Problem
from msctl.chassis.server import Route, application
from msctl.chassis.vitals import Vitals
from tests.unit.auth.corpus import AUDIENCE, CORPUS, ISSUER, NOW, good, key_set
from tests.unit.chassis.doubles import FlakyStore

Client = TestClient[Any, Any]


async def whoami(request: Request) -> object:
    caller = request.caller
    return None if caller is None else {"sub": caller.subject, "act": list(caller.actors)}


LARGEST_FIELD = 8000
"""Longer ones are refused by aiohttp itself."""

ROUTES = (Route("GET", "/orders", whoami, "orders:read"), Route("GET", "/open", whoami))


class Bench:
    """``refetched`` counts how often keys were asked for again."""

    def __init__(self) -> None:
        self.trust = Trust(Expected(ISSUER, AUDIENCE))
        self.refetched = 0

    async def refetch(self) -> bool:
        self.refetched += 1
        self.trust.use_keys(read_key_set(key_set()))
        return True


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[Client]:
    vitals = Vitals("orders-1", FlakyStore())
    vitals.started = True
    guard = Guard(bench.trust, bench.refetch, lambda: NOW)
    app = application("orders", ROUTES, vitals, Metrics(), guard=guard)
    async with TestClient(TestServer(app)) as found:
        yield found


async def ask(client: Client, path: str, *tokens: str) -> tuple[int, Any, str]:
    headers = [("Authorization", f"Bearer {token}") for token in tokens]
    async with client.get(path, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers.get("WWW-Authenticate", "")


def spoilt(name: str) -> str:
    """A bad token as it arrives in a header."""
    made = CORPUS[name].make(NOW)
    return made if isinstance(made, str) else made.decode("utf-8", "surrogateescape")


NAMES = [name for name in CORPUS if name != "empty"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_bad_token_is_refused(bench: Bench, name: str) -> None:
    bench.trust.use_keys(read_key_set(key_set()))
    guard = Guard(bench.trust, bench.refetch, lambda: NOW)
    for scope in ("orders:read", None):
        with pytest.raises(Problem) as refused:
            await guard.identity([f"Bearer {spoilt(name)}"], scope)
        assert (refused.value.status, refused.value.kind) == (401, "invalid-token")
        assert refused.value.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


async def test_no_bad_token_gets_through_the_server(client: Client, bench: Bench) -> None:
    bench.trust.use_keys(read_key_set(key_set()))
    for token in map(spoilt, NAMES):
        for path in ("/orders", "/open"):
            async with client.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
                assert answer.status == (401 if len(token) < LARGEST_FIELD else 400)


async def test_a_good_token_tells_who_is_asking(client: Client) -> None:
    status, body, _ = await ask(client, "/orders", good(act={"sub": "gateway"}))
    assert (status, body) == (200, {"sub": "ann", "act": ["gateway"]})
    assert (await ask(client, "/open", good()))[1]["sub"] == "ann"
    assert (await ask(client, "/open"))[:2] == (200, None)


async def test_no_token_and_no_scope(client: Client) -> None:
    status, problem, challenge = await ask(client, "/orders")
    assert (status, problem["type"], challenge) == (401, "urn:msctl:problem:token-missing", "Bearer")
    status, problem, challenge = await ask(client, "/orders", good(scope="orders:write"))
    assert (status, problem["type"]) == (403, "urn:msctl:problem:insufficient-scope")
    assert challenge == 'Bearer error="insufficient_scope", scope="orders:read"'


async def test_two_tokens_are_none(client: Client) -> None:
    assert (await ask(client, "/orders", good(), good()))[0] == 401


async def test_an_unknown_key_makes_it_ask_for_new_ones(client: Client, bench: Bench) -> None:
    assert (await ask(client, "/orders", good()))[0] == 200
    assert bench.refetched == 1
    assert (await ask(client, "/orders", good(jti="2")))[0] == 200
    assert bench.refetched == 1


async def test_probes_need_no_token(client: Client) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        async with client.get(path) as answer:
            assert answer.status == 200
