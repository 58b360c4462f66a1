"""The operator's endpoints of auth, over loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from msctl.auth.administration import Administration
from msctl.auth.authority import Authority
from msctl.auth.compact import parse
from tests.unit.auth.conftest import DIRECTORY

Client = TestClient[Any, Any]


@pytest.fixture
async def office(authority: Authority) -> AsyncIterator[Client]:
    async with TestClient(TestServer(Administration(authority).application())) as found:
        yield found


OPERATOR = {"Authorization": "Bearer secret-operator"}


@pytest.mark.parametrize("value", ["", "Bearer ", "Bearer x", "secret-operator"])
@pytest.mark.parametrize(
    "door", ["POST tokens", "GET keys", "POST keys", "POST revocations", "GET published"]
)
async def test_the_office_is_the_operators(office: Client, value: str, door: str) -> None:
    method, path = door.split()
    async with office.request(method, f"/-/{path}", json={}, headers={"Authorization": value}) as answer:
        assert answer.status == 401


async def test_what_is_issued_and_revoked_is_counted_for_anybody_to_see(office: Client) -> None:
    wanted = {"client": "orders", "audience": "inventory"}
    async with office.post("/-/tokens", json=wanted, headers=OPERATOR) as answer:
        token = (await answer.json())["access_token"]
    async with office.post("/-/revocations", json={"token": token}, headers=OPERATOR) as answer:
        assert answer.status == 200
    async with office.get("/metrics") as answer:
        told = await answer.text()
    assert "msctl_auth_tokens_issued_total 1.0" in told
    assert "msctl_auth_tokens_revoked_total 1.0" in told


async def test_the_operator_gets_any_clients_token_within_its_policy(office: Client) -> None:
    wanted = {"client": "orders", "audience": "inventory", "subject": "ann", "ttl": 30}
    async with office.post("/-/tokens", json=wanted, headers=OPERATOR) as answer:
        claims = parse((await answer.json())["access_token"].encode()).payload
    assert (claims["sub"], claims["client_id"], claims["exp"] - claims["iat"]) == ("ann", "orders", 30)
    mistakes: list[Any] = [{"client": "nobody"}, {"client": "orders", "audience": "x"}, {"ttl": 10**9}, []]
    mistakes += [{"ttl": "1"}, {"ttl": True}, {"scope": 5}, {"subject": ["ann"]}]
    for wrong in mistakes:
        async with office.post("/-/tokens", json=wrong, headers=OPERATOR) as answer:
            assert answer.status == 400


async def test_the_operator_rotates_and_revokes(office: Client, authority: Authority) -> None:
    async with office.post("/-/keys", headers=OPERATOR) as answer:
        assert (await answer.json())["state"] == "published"
    async with office.get("/-/keys", headers=OPERATOR) as answer:
        assert [key["state"] for key in await answer.json()] == ["signing", "published"]
    made = authority.issue(DIRECTORY.clients["web"], None, None)["access_token"]
    for expected in (200, 400):
        async with office.post("/-/revocations", json={"token": made}, headers=OPERATOR) as answer:
            assert answer.status == expected
