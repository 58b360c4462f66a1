"""Access tokens in the running shop: who gets in, what services see, revoked and rotated under load."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker
from tests.e2e.inside import inside
from tests.e2e.ordering import place, token
from tests.e2e.traffic import Answer, statuses, steady
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_ASK = """
    import json, sys, urllib.request, urllib.error
    url, token = sys.argv[1:]
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            print(json.dumps([answer.status, None]))
    except urllib.error.HTTPError as refused:
        print(json.dumps([refused.code, refused.headers.get("WWW-Authenticate")]))
"""


def issue(checkout: Checkout, *words: str) -> str:
    return checkout.msctl("token", "issue", *words).good().stdout.strip()


def ask(
    checkout: Checkout,
    method: str,
    path: str,
    bearer: str = "",
    form: dict[str, str] | None = None,
    login: str = "",
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer of the gateway."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    if login:
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = HTTPConnection("127.0.0.1", checkout.port, timeout=30)
    connection.request(method, path, urlencode(form) if form is not None else None, headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(body)


def test_the_edge_lets_in_who_may(shop: Checkout) -> None:
    status, headers, problem = ask(shop, "GET", "/api/orders")
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert problem["type"] == "urn:msctl:problem:token-missing"
    reader = issue(shop, "--client", "web", "--scope", "orders:read", "--subject", "ann")
    assert ask(shop, "GET", "/api/orders", reader)[0] == 200
    status, headers, _ = ask(shop, "POST", "/api/orders", reader)
    assert (status, headers["www-authenticate"]) == (
        403,
        'Bearer error="insufficient_scope", scope="orders:write"',
    )
    assert ask(shop, "GET", "/api/orders", reader[:-2])[0] == 401


def test_a_routes_scope_opens_the_whole_aggregate(shop: Checkout) -> None:
    reader = issue(shop, "--client", "web", "--scope", "orders:read")
    path = f"/api/overview/{place(shop, 'gil')}"

    def complete() -> bool:
        status, _, overview = ask(shop, "GET", path, reader)
        assert status == 200
        return bool(overview["_complete"])

    eventually(complete)


def test_services_check_for_themselves(shop: Checkout) -> None:
    """A token for another audience is a 401, the right audience without the scope a 403."""
    url = "http://inventory:8000/items"

    def answer(bearer: str) -> list[Any]:
        found: list[Any] = inside(shop, "payments-1", _ASK, url, bearer)
        return found

    assert answer("") == [401, "Bearer"]
    status, challenge = answer(token(shop))
    assert (status, 'error="invalid_token"' in challenge) == (401, True)
    status, challenge = answer(issue(shop, "--service", "orders", "--audience", "inventory"))
    assert (status, challenge) == (403, 'Bearer error="insufficient_scope", scope="inventory:read"')


def test_an_undeclared_call_gets_no_token(shop: Checkout, tmp_path: Path) -> None:
    refused = shop.msctl("token", "issue", "--service", "orders", "--audience", "payments")
    assert (refused.exit_code, refused.stdout) == (2, "")
    secret = docker("exec", shop.name("orders-1"), "cat", "/run/secrets/oauth_client_secret")
    form = {"grant_type": "client_credentials", "audience": "payments"}
    status, _, answer = ask(shop, "POST", "/oauth/token", form=form, login=f"orders:{secret}")
    assert (status, answer["error"]) == (400, "invalid_target")
    assert ask(shop, "POST", "/oauth/token", form=form, login="orders:wrong")[0] == 401


def test_an_outside_client_logs_in_with_the_secret_that_was_saved_for_it(
    shop: Checkout, tmp_path: Path
) -> None:
    path = tmp_path / "web.secret"
    shop.msctl("token", "clients", "web", "--save", str(path)).good()
    login = f"web:{path.read_text().strip()}"
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    status, headers, answer = ask(shop, "POST", "/oauth/token", form=form, login=login)
    assert (status, headers["cache-control"], answer["scope"]) == (200, "no-store", "orders:read")
    assert ask(shop, "GET", "/api/orders", answer["access_token"])[0] == 200
    _, _, found = ask(shop, "POST", "/oauth/introspect", form={"token": answer["access_token"]}, login=login)
    assert (found["active"], found["client_id"]) == (True, "web")
    assert ask(shop, "GET", "/oauth/revoked")[0] == 404


def test_metadata_leads_to_the_keys(shop: Checkout) -> None:
    _, _, metadata = ask(shop, "GET", "/.well-known/oauth-authorization-server")
    assert metadata["issuer"] == shop.url
    _, _, keys = ask(shop, "GET", metadata["jwks_uri"].removeprefix(shop.url))
    assert {key["kid"] for key in keys["keys"]} == {
        key["kid"] for key in shop.msctl("token", "keys", "--json").good().json()
    }


def test_a_token_is_verified_offline_and_by_the_project(shop: Checkout, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(issue(shop))
    _, _, keys = ask(shop, "GET", "/.well-known/jwks.json")
    (tmp_path / "jwks.json").write_text(json.dumps(keys))
    file = str(tmp_path / "token")
    offline = ("--jwks", str(tmp_path / "jwks.json"), "--issuer", shop.url, "--audience", "gateway")
    by_url = ("--jwks", f"{shop.url}/.well-known/jwks.json", "--issuer", shop.url, "--audience", "gateway")
    for words in ((), offline, by_url):
        shop.msctl("token", "verify", file, *words).good()
    shop.msctl("token", "revoke", file).good()
    assert shop.msctl("token", "verify", file).exit_code == 1


def test_a_revoked_token_is_refused_everywhere_at_once(shop: Checkout, tmp_path: Path) -> None:
    outer = issue(shop, "--client", "web")
    inner = issue(shop, "--service", "orders", "--audience", "inventory")
    url = "http://inventory:8000/reservations/none"
    assert ask(shop, "GET", "/api/orders", outer)[0] == 200
    assert inside(shop, "payments-1", _ASK, url, inner)[0] == 404
    for number, gone in enumerate((outer, inner)):
        (tmp_path / str(number)).write_text(gone)
        shop.msctl("token", "revoke", str(tmp_path / str(number))).good()
    eventually(lambda: ask(shop, "GET", "/api/orders", outer)[0] == 401, interval=0.02)
    eventually(lambda: inside(shop, "payments-1", _ASK, url, inner)[0] == 401)


def test_rotating_keys_and_restarting_auth_are_not_felt(shop: Checkout) -> None:
    headers = {"Authorization": f"Bearer {token(shop)}"}
    before = issue(shop)
    with steady(shop.port, 50, "/api/inventory/items/WIDGET", headers=headers) as answers:
        for _ in range(3):
            shop.msctl("token", "rotate-keys").good()
        docker("restart", "--time", "5", shop.name("auth"))
        eventually(lambda: ask(shop, "GET", "/.well-known/jwks.json")[0] == 200)
        assert ask(shop, "GET", "/api/orders", before)[0] == 200
    assert set(statuses(answers)) == {200}, statuses(answers)
    states = [key["state"] for key in shop.msctl("token", "keys", "--json").good().json()]
    assert states.count("signing") == 1
    assert len(states) >= 4


@pytest.mark.long
def test_rotating_every_five_seconds_for_five_minutes_gives_no_401(shop: Checkout) -> None:
    headers = {"Authorization": f"Bearer {token(shop)}"}
    with steady(shop.port, 200, "/api/inventory/items/WIDGET", longest=300, headers=headers) as answers:
        while len(answers) < 200 * 295:
            shop.msctl("token", "rotate-keys").good()
            fresh = issue(shop)
            assert ask(shop, "GET", "/api/inventory/items/WIDGET", fresh)[0] == 200
            target = min(len(answers) + 200 * 5, 200 * 295)
            eventually(partial(_reached, answers, target), timeout=30)
    refused = {status for status in statuses(answers) if status >= 400}
    assert not refused, statuses(answers)


def _reached(answers: list[Answer], target: int) -> bool:
    return len(answers) >= target
