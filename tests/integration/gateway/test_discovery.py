"""Instances out of a catalog, against a small stand-in of Consul."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.free_port import free_port
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream
from tests.integration.gateway.process import wait_until
from tests.integration.gateway.upstreams import Upstream


class Catalog:
    """Answers blocking queries for one service out of memory."""

    def __init__(self) -> None:
        self.index = 10
        self.entries: list[dict[str, Any]] = []
        self.tokens: set[str | None] = set()
        self.changed = threading.Condition()
        self.port = free_port()
        self.server: ThreadingHTTPServer | None = None
        self.open()

    def open(self) -> None:
        catalog = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                catalog.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Be quiet."""

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        self.tokens.add(request.headers.get("X-Consul-Token"))
        with self.changed:
            until = time.monotonic() + 30
            while (
                int(query["index"][0]) == self.index and self.server is not None and time.monotonic() < until
            ):
                self.changed.wait(0.1)
            if self.server is None:
                request.close_connection = True
                return
            body, index = json.dumps(self.entries).encode(), self.index
        request.send_response(200)
        request.send_header("X-Consul-Index", str(index))
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def put(self, *upstreams: Upstream, index: int | None = None, weights: tuple[int, ...] = ()) -> None:
        with self.changed:
            self.index = self.index + 1 if index is None else index
            self.entries = [
                {"Service": {"ID": f"shop-orders-{one.port}", "Address": "127.0.0.1", "Port": one.port}}
                for one in upstreams
            ]
            for entry, weight in zip(self.entries, weights, strict=False):
                entry["Service"]["Weights"] = {"Passing": weight, "Warning": 1}
            self.changed.notify_all()

    def shut(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            with self.changed:
                self.changed.notify_all()
            server.shutdown()
            server.server_close()


@pytest.fixture
def catalog() -> Any:
    made = Catalog()
    yield made
    made.shut()


def following(catalog: Catalog, token_file: Path) -> dict[str, Any]:
    return {
        "consul": {"address": f"http://127.0.0.1:{catalog.port}", "token_file": str(token_file)},
        "services": {
            "orders": {"instances": "consul", "circuit": {"minimum_calls": 2, "window": 4, "wait": "60s"}}
        },
        "routes": [{"path": "/{rest:path}", "service": "orders"}],
    }


def test_instances_follow_the_catalog(
    catalog: Catalog, gateway: MakeGateway, upstream: MakeUpstream, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("secret-token\n")
    one, two = upstream(), upstream()
    front = gateway(following(catalog, token))
    assert front.get("/x").json()["type"] == "urn:msctl:problem:no-instance"
    assert front.get("/x").status == 503
    assert front.circuit()["state"] == "open"
    catalog.put(one)
    wait_until(
        lambda: front.get("/x").status == 200, "the first instance answers though the circuit had opened"
    )
    catalog.put(one, two)
    wait_until(lambda: len(front.instances()) == 2, "the second instance is known")
    assert catalog.tokens == {"secret-token"}
    catalog.put(two)
    wait_until(lambda: len(front.instances()) == 1, "the first instance is gone")
    assert front.get("/x").status == 200


def test_want_of_an_instance_is_said_at_once(
    catalog: Catalog, gateway: MakeGateway, upstream: MakeUpstream, tmp_path: Path
) -> None:
    """CON-11: with its circuit closed and with it open."""
    document = following(catalog, tmp_path / "none")
    front = gateway(document)
    catalog.put(upstream())
    wait_until(lambda: len(front.instances()) == 1, "the instance is known")
    catalog.put()
    wait_until(lambda: not front.instances(), "it is gone")
    took = []
    for _ in range(10):
        began = time.monotonic()
        answer = front.get("/x")
        took.append(time.monotonic() - began)
        assert answer.status == 503
        assert int(answer.header("Retry-After") or 0) >= 1
    assert front.circuit()["state"] == "open"
    assert min(took) < 0.05


def test_last_known_good_while_consul_is_away_or_has_no_memory(
    catalog: Catalog, gateway: MakeGateway, upstream: MakeUpstream, tmp_path: Path
) -> None:
    one, two = upstream(), upstream()
    front = gateway(following(catalog, tmp_path / "none"))
    catalog.put(one)
    wait_until(lambda: len(front.instances()) == 1, "the instance is known")
    assert front.admin("GET", "/-/health")[1]["status"] == "pass"
    catalog.shut()
    wait_until(lambda: front.admin("GET", "/-/health")[1]["status"] == "warn", "the absence is said")
    assert front.get("/healthz").json() == {"status": "warn"}
    assert front.get("/x").status == 200
    catalog.index = 3
    catalog.entries = []
    catalog.open()
    wait_until(lambda: front.admin("GET", "/-/health")[1]["status"] == "pass", "Consul is back")
    assert front.get("/x").status == 200
    catalog.put(one, two)
    wait_until(lambda: len(front.instances()) == 2, "what is registered again is believed")


def test_weights_of_the_catalog_are_kept_to_and_change_with_it(
    catalog: Catalog, gateway: MakeGateway, upstream: MakeUpstream, tmp_path: Path
) -> None:
    heavy, light = upstream(), upstream()
    document = following(catalog, tmp_path / "none")
    document["services"]["orders"]["balance"] = "weighted"
    front = gateway(document)
    for weights in ((3, 1), (1, 1)):
        catalog.put(heavy, light, weights=weights)
        known = {heavy.port: weights[0], light.port: weights[1]}
        wait_until(
            lambda k=known: {int(i["name"].rpartition("-")[2]): i["weight"] for i in front.instances()} == k,  # type: ignore[misc]
            "the weights are known",
        )
        before = len(heavy.seen), len(light.seen)
        assert {front.get("/x").status for _ in range(40)} == {200}
        share = 40 * weights[0] // sum(weights)
        assert (len(heavy.seen) - before[0], len(light.seen) - before[1]) == (share, 40 - share)
