"""Tokens at the edge: a running gateway, its keys from a file, and a running auth to exchange at."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from msctl.auth.compact import parse
from msctl.auth.members import digest, render
from msctl.auth.policy import Client as Member
from msctl.auth.policy import Directory
from tests.free_port import free_port
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import ROOT, Client, GatewayProcess, wait_until
from tests.unit.auth.corpus import AUDIENCE, CORPUS, ISSUER, good, key_set

SPOOFS = {
    "X-User": "root",
    "X-User-Id": "1",
    "X_User": "root",
    "X-Forwarded-User": "root",
    "X-Auth-Request-User": "root",
    "Remote-User": "root",
    "X-Remote-User": "root",
    "X-Roles": "admin",
    "X-Scopes": "all",
    "X-Client-Id": "root",
}


def guarded(
    auth: dict[str, Any], *upstreams: Any, scopes: tuple[str, ...] = ("orders:read",)
) -> dict[str, Any]:
    made = document(*upstreams, route={"scopes": list(scopes)})
    return {**made, "auth": {"issuer": ISSUER, "audience": AUDIENCE, **auth}}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(key_set()))
    return path


def bearer(token: str | bytes) -> bytes:
    return b"Authorization: Bearer " + (token if isinstance(token, bytes) else token.encode()) + b"\r\n"


def status(gateway: GatewayProcess, *lines: bytes, target: str = "/orders") -> int:
    with Client(gateway.port) as client:
        client.send(b"GET " + target.encode() + b" HTTP/1.1\r\nHost: gateway\r\n" + b"".join(lines) + b"\r\n")
        return client.answer().status


def ready(gateway: GatewayProcess) -> None:
    """Its keys have come."""
    wait_until(lambda: status(gateway, bearer(good(time.time()))) == 200, "a good token gets through")


def test_no_bad_token_reaches_the_service(gateway: MakeGateway, upstream: MakeUpstream, keys: Path) -> None:
    orders = upstream()
    running = gateway(guarded({"jwks": str(keys)}, orders))
    ready(running)
    reached = len(orders.seen)
    for name, bad in CORPUS.items():
        token = bad.make(time.time())
        # control characters and heads that are too large are refused as HTTP
        assert status(running, bearer(token)) in ((401,) if token else (401, 400)) + (400, 431) * (
            len(token) > 8192
        ), name
    assert status(running) == 401
    assert status(running, bearer(good(time.time(), scope="orders:write"))) == 403
    assert len(orders.seen) == reached


def test_without_exchange_the_clients_token_goes_on_and_its_other_words_do_not(
    gateway: MakeGateway, upstream: MakeUpstream, keys: Path
) -> None:
    orders = upstream()
    running = gateway(guarded({"jwks": str(keys)}, orders))
    ready(running)
    token = good(time.time())
    spoofs = [f"{name}: {value}\r\n".encode() for name, value in SPOOFS.items()]
    assert status(running, bearer(token), *spoofs) == 200
    seen = orders.seen[-1]
    assert seen.one("Authorization") == f"Bearer {token}"
    assert not {name.lower() for name, _ in seen.headers} & {name.lower() for name in SPOOFS}


def test_an_open_route_passes_nobody_on(gateway: MakeGateway, upstream: MakeUpstream, keys: Path) -> None:
    orders = upstream()
    running = gateway(guarded({"jwks": str(keys)}, orders, scopes=()))
    assert status(running, b"Authorization: Basic d2ViOng=\r\n", b"X-User: root\r\n") == 200
    assert orders.seen[-1].one("Authorization") is None
    assert orders.seen[-1].one("X-User") is None
    ready(running)
    assert status(running, bearer(good(0.0))) == 401


@dataclass
class Auth:
    """A running auth; ``login`` is a client's."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = ["--config", "auth.json", "--state", "auth.sqlite", "--host", "127.0.0.1"]
        ports = ["--port", str(self.port), "--admin-port", str(free_port())]
        with (self.folder / "auth.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "msctl.auth", *words, *ports],
                cwd=self.folder,
                env={"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, "auth answers")

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/healthz") is not None
        except OSError:
            return False

    def ask(self, method: str, path: str, login: str = "", **form: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if login:
            headers["Authorization"] = f"Basic {b64encode(f'{login}:secret'.encode()).decode()}"
        with closing(connection):
            connection.request(method, path, urllib.parse.urlencode(form), headers)
            answer = connection.getresponse().read()
        found: dict[str, Any] = json.loads(answer)
        return found

    def token(self, **form: str) -> str:
        return str(
            self.ask("POST", "/oauth/token", "web", grant_type="client_credentials", **form)["access_token"]
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture
def auth(tmp_path: Path) -> Iterator[Auth]:
    members = [
        Member("web", "outside", {"gateway": ("orders:read",)}, {}, digest("secret")),
        Member("gateway", "gateway", {}, {"orders": ("orders:read",)}, digest("secret")),
    ]
    (tmp_path / "auth.json").write_text(render(Directory(ISSUER, clients={m.name: m for m in members})))
    (tmp_path / "secret").write_text("secret")
    made = Auth(tmp_path, free_port())
    made.start()
    yield made
    made.stop()


def exchanging(auth: Auth) -> dict[str, Any]:
    exchange = {
        "url": f"{auth.url}/oauth/token",
        "client": "gateway",
        "secret_file": str(auth.folder / "secret"),
    }
    return {
        "jwks": f"{auth.url}/.well-known/jwks.json",
        "revoked": f"{auth.url}/oauth/revoked",
        "exchange": exchange,
    }


def test_services_get_an_exchanged_token_also_while_auth_is_away(
    gateway: MakeGateway, upstream: MakeUpstream, auth: Auth
) -> None:
    orders = upstream()
    running = gateway(guarded(exchanging(auth), orders))
    token = auth.token()
    wait_until(lambda: status(running, bearer(token)) == 200, "the token gets through")
    passed = str(orders.seen[-1].one("Authorization")).removeprefix("Bearer ")
    claims = parse(passed.encode()).payload
    assert (claims["sub"], claims["aud"], claims["act"]) == ("web", "orders", {"sub": "gateway"})
    another = auth.token()
    auth.stop()
    assert status(running, bearer(token)) == 200
    assert status(running, bearer(another)) == 503
    auth.start()
    assert status(running, bearer(token)) == 200
    assert status(running, bearer(another)) == 200


def test_a_key_that_is_new_to_the_gateway_makes_it_ask_once(
    gateway: MakeGateway, upstream: MakeUpstream, keys: Path
) -> None:
    running = gateway(guarded({"jwks": str(keys)}, upstream()))
    ready(running)
    keys.write_text(json.dumps({"keys": key_set()["keys"][1:]}))
    assert status(running, bearer(good(time.time(), "ES256"))) == 200
    assert status(running, bearer(CORPUS["kid of a stranger"].make(time.time()))) == 401
    assert status(running, bearer(good(time.time()))) == 401
    keys.write_text(json.dumps(key_set()))
    assert status(running, bearer(good(time.time()))) == 401
