"""The doors of auth, over loopback: what RFC 6749, 7009, 7523, 7662, 8414 and 8693 ask of them."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from msctl.auth.asking import Credentials
from msctl.auth.authority import Authority
from msctl.auth.compact import parse
from msctl.auth.jose import Signer, generate, public_part
from msctl.auth.limits import Limits
from msctl.auth.web import Doors
from tests.unit.auth.conftest import DIRECTORY, World, client
from tests.unit.auth.corpus import CORPUS, ISSUER, NOW

Client = TestClient[Any, Any]
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PRIVATE = generate("ES256")


@pytest.fixture
async def doors(authority: Authority) -> AsyncIterator[Client]:
    partner = client("partner", audiences={"gateway": ("orders:read",)}, secret_digest="")
    with_key = replace(partner, public_key=dict(public_part(PRIVATE)))
    authority.use_directory(replace(DIRECTORY, clients={**DIRECTORY.clients, "partner": with_key}))
    async with TestClient(TestServer(Doors(authority, Limits(time.monotonic)).application())) as found:
        yield found


def basic(login: str) -> dict[str, str]:
    """The login of a client of the tests."""
    return {"Authorization": Credentials("", login, f"secret-{login}").basic}


async def ask(
    doors: Client, path: str = "/oauth/token", login: str | None = "web", **form: str
) -> tuple[int, Any]:
    headers = basic(login) if login else {}
    form = form or {"grant_type": "client_credentials"}
    async with doors.post(path, data=form, headers=headers) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, await answer.json()


async def token(doors: Client, login: str = "web", **form: str) -> str:
    status, answer = await ask(doors, login=login, grant_type="client_credentials", **form)
    assert status == 200, answer
    return str(answer["access_token"])


async def test_client_credentials_by_basic(doors: Client) -> None:
    status, answer = await ask(doors)
    assert status == 200
    assert set(answer) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)


async def test_client_credentials_in_the_form(doors: Client) -> None:
    form = {"grant_type": "client_credentials", "client_id": "web", "client_secret": "secret-web"}
    assert (await ask(doors, login=None, **form))[0] == 200


@pytest.mark.parametrize("audience", ["audience", "resource"])
async def test_an_undeclared_audience_is_an_invalid_target(doors: Client, audience: str) -> None:
    status, answer = await ask(
        doors, login="orders", grant_type="client_credentials", **{audience: "payments"}
    )
    assert (status, answer["error"]) == (400, "invalid_target")
    assert await token(doors, "orders", **{audience: "inventory"})


@pytest.mark.parametrize(
    ("login", "form"),
    [
        (None, {}),
        (None, {"client_id": "web", "client_secret": "wrong"}),
        (None, {"client_id": "nobody", "client_secret": "wrong"}),
        (None, {"client_id": "web"}),
        (None, {"client_id": "partner", "client_secret": ""}),
        ("nobody", {}),
    ],
    ids=[
        "nothing",
        "a wrong secret",
        "an unknown client",
        "no secret",
        "an empty secret",
        "an unknown login",
    ],
)
async def test_who_does_not_prove_himself_is_an_invalid_client(
    doors: Client, login: str | None, form: dict[str, str]
) -> None:
    status, answer = await ask(doors, login=login, grant_type="client_credentials", **form)
    assert (status, answer["error"]) == (401, "invalid_client")
    assert answer["error_description"] == "unknown client, or not its credentials"


@pytest.mark.parametrize("login", [b"\xff\xfe:\xfd", b"web", b"", b"web:\x00", "wéb:x".encode("latin-1")])
async def test_a_login_that_is_no_text_is_an_invalid_client(doors: Client, login: bytes) -> None:
    headers = {"Authorization": f"Basic {b64encode(login).decode()}"}
    form = {"grant_type": "client_credentials"}
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        async with doors.post(path, data=form, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]) == (401, "invalid_client"), path


async def test_no_grant_is_an_invalid_request(doors: Client) -> None:
    status, answer = await ask(doors, scope="orders:read")
    assert (status, answer["error"]) == (400, "invalid_request")


async def test_the_challenge_comes_when_basic_was_tried(doors: Client) -> None:
    for headers, expected in (({"Authorization": "Basic d2ViOng="}, True), ({}, False)):
        async with doors.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, headers=headers
        ) as got:
            assert ("WWW-Authenticate" in got.headers) is expected


@pytest.mark.parametrize(
    "body",
    [
        "grant_type=client_credentials&scope=a&scope=b",
        "grant_type=client_credentials&grant_type=client_credentials",
        "grant_type",
        "&" * 200,
        "grant_type=%ff%fe",
    ],
)
async def test_a_form_that_is_none_is_an_invalid_request(doors: Client, body: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **basic("web")}
    async with doors.post("/oauth/token", data=body, headers=headers) as got:
        assert (got.status, (await got.json())["error"]) == (400, "invalid_request")


async def test_json_and_get_are_no_way_to_ask(doors: Client) -> None:
    async with doors.post("/oauth/token", json={"grant_type": "client_credentials"}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
    async with doors.get("/oauth/token?grant_type=client_credentials") as answer:
        assert answer.status == 405


async def test_two_ways_of_login_are_one_too_many(doors: Client) -> None:
    status, answer = await ask(
        doors, grant_type="client_credentials", client_id="web", client_secret="secret-web"
    )
    assert (status, answer["error"]) == (400, "invalid_request")


async def test_an_unknown_grant_is_told(doors: Client) -> None:
    assert (await ask(doors, grant_type="password"))[1]["error"] == "unsupported_grant_type"


def assertion(world: World, by: Any = PRIVATE, **changes: Any) -> str:
    claims: dict[str, Any] = {
        "iss": "partner",
        "sub": "partner",
        "aud": f"{ISSUER}/oauth/token",
        "jti": "a-1",
    }
    claims |= {"iat": world.now, "exp": world.now + 60, **changes}
    return Signer.of(by).sign({k: v for k, v in claims.items() if v is not None}, "JWT")


async def log_in(doors: Client, made: str) -> tuple[int, Any]:
    return await ask(
        doors,
        login=None,
        grant_type="client_credentials",
        client_assertion_type=ASSERTION,
        client_assertion=made,
    )


async def test_a_client_proves_itself_with_its_key_once(doors: Client, world: World) -> None:
    made = assertion(world)
    assert (await log_in(doors, made))[0] == 200
    assert (await log_in(doors, made))[1]["error"] == "invalid_client"
    assert (await log_in(doors, assertion(world, jti="a-2", aud=ISSUER)))[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"by": generate("ES256")},
        {"iss": "web"},
        {"sub": "web", "iss": "web"},
        {"sub": "nobody", "iss": "nobody"},
        {"sub": None},
        {"sub": ["partner"]},
        {"aud": "https://evil.example"},
        {"aud": None},
        {"exp": NOW - 1},
        {"exp": NOW + 100_000},
        {"exp": None},
        {"jti": None},
        {"nbf": NOW + 100},
    ],
    ids=lambda changes: "by another key" if "by" in changes else str(changes),
)
async def test_a_bad_assertion_is_an_invalid_client(
    doors: Client, world: World, changes: dict[str, Any]
) -> None:
    status, answer = await log_in(doors, assertion(world, **changes))
    assert (status, answer["error"]) == (401, "invalid_client")


async def test_no_bad_token_is_introspected_exchanged_or_a_login(doors: Client) -> None:
    for name, spoilt in CORPUS.items():
        made = spoilt.make(NOW)
        bad = made if isinstance(made, str) else made.decode("latin-1")
        form = {"subject_token": bad, "subject_token_type": ACCESS_TOKEN, "audience": "orders"}
        status, answer = await ask(doors, login="gateway", grant_type=EXCHANGE, **form)
        assert (status, answer["error"]) in ((400, "invalid_grant"), (400, "invalid_request")), name
        assert (await ask(doors, "/oauth/introspect", login="gateway", token=bad))[1] == {"active": False}
        assert (await ask(doors, "/oauth/revoke", login="gateway", token=bad))[0] == 200
        assert (await log_in(doors, bad))[0] in (400, 401, 429), name


async def test_the_exchange(doors: Client) -> None:
    form = {"grant_type": EXCHANGE, "subject_token": await token(doors), "subject_token_type": ACCESS_TOKEN}
    status, answer = await ask(doors, login="gateway", audience="orders", scope="orders:read", **form)
    assert (status, answer["issued_token_type"], answer["scope"]) == (200, ACCESS_TOKEN, "orders:read")
    assert parse(answer["access_token"].encode()).payload["act"] == {"sub": "gateway"}
    for wrong in ({"audience": "nobody"}, {}):
        assert (await ask(doors, login="gateway", **form, **wrong))[1]["error"] == "invalid_target"
    assert (await ask(doors, login="web", audience="orders", **form))[1]["error"] == "invalid_grant"


async def test_introspection_is_for_those_whom_it_concerns(doors: Client) -> None:
    made = await token(doors)
    for login in ("web", "gateway", "operator"):
        _, answer = await ask(doors, "/oauth/introspect", login, token=made)
        assert (answer["active"], answer["client_id"], answer["aud"]) == (True, "web", "gateway")
    assert await ask(doors, "/oauth/introspect", "orders", token=made) == (200, {"active": False})
    assert (await ask(doors, "/oauth/introspect", None, token=made))[0] == 401


async def test_a_client_revokes_its_own_tokens_only(doors: Client) -> None:
    made = await token(doors)
    assert (await ask(doors, "/oauth/revoke", "orders", token=made))[0] == 400
    assert (await ask(doors, "/oauth/introspect", token=made))[1]["active"] is True
    assert (await ask(doors, "/oauth/revoke", token=made, token_type_hint="access_token"))[0] == 200
    assert (await ask(doors, "/oauth/introspect", token=made))[1] == {"active": False}
    async with doors.get("/oauth/revoked") as answer:
        assert len(await answer.json()) == 1


async def test_metadata_and_keys(doors: Client) -> None:
    async with doors.get("/.well-known/oauth-authorization-server") as answer:
        found = await answer.json()
    assert (found["issuer"], found["jwks_uri"]) == (ISSUER, f"{ISSUER}/.well-known/jwks.json")
    assert set(found["grant_types_supported"]) == {"client_credentials", EXCHANGE}
    async with doors.get("/.well-known/jwks.json") as answer:
        assert "max-age" in answer.headers["Cache-Control"]
        (jwk,) = (await answer.json())["keys"]
        assert "d" not in jwk


async def test_guessing_is_slowed_down_and_harms_nobody(doors: Client) -> None:
    wrong = {"grant_type": "client_credentials", "client_id": "web", "client_secret": "guess"}
    statuses = [(await ask(doors, login=None, **wrong))[0] for _ in range(40)]
    assert statuses[0] == 401
    assert 429 in statuses
    assert (await ask(doors))[0] == 200
    assert (await ask(doors, login="orders", grant_type="client_credentials", audience="inventory"))[0] == 200
