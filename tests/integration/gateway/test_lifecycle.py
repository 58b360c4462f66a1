"""Start, reload, drain, slow and too many clients."""

from __future__ import annotations

import asyncio
import re
import select
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from msctl.gateway.explain import explain
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import ROOT, Client, wait_until
from tests.integration.gateway.upstreams import Gate, Script, Talk


def after(seconds: float) -> Script:
    async def script(talk: Talk) -> None:
        while await talk.request():
            await asyncio.sleep(seconds)
            await talk.answer()

    return script


def test_requests_under_way_end_before_the_process(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    gate = Gate()

    async def script(talk: Talk) -> None:
        while await talk.request():
            await gate.opened()
            await talk.answer()

    front = gateway(document(upstream(script), route={"timeout": "20s"}))
    clients = [front.client() for _ in range(50)]
    idle = front.client()
    for client in clients:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
    wait_until(lambda: front.in_flight() == 50, "all are under way")
    front.signal(signal.SIGTERM)
    assert idle.is_closed()
    gate.open()
    answers = [client.answer() for client in clients]
    assert Counter(answer.status for answer in answers) == {200: 50}
    for client in [*clients, idle]:
        client.close()
    assert front.stop() == 0


def test_drain_does_not_wait_for_ever(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway({**document(upstream(after(60.0)), route={"timeout": "50s"}), "stop_grace": "2s"})
    with front.client() as client:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
        wait_until(lambda: front.in_flight() == 1, "it is under way")
        front.signal(signal.SIGTERM)
        assert client.is_closed()


def test_reload_keeps_connections_and_circuits(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    one, two = upstream(), upstream()
    front = gateway(document(one))
    front.admin("POST", "/-/circuits/orders/trip?for=10m")
    with front.client() as client:
        assert client.get("/x").status == 503
        front.write({**document(one), "routes": [{"path": "/new", "service": "orders"}]})
        assert front.admin("POST", "/-/reload") == (200, {"routes": 1})
        assert client.get("/x").status == 404
        assert client.get("/new").json()["circuit"] == "open"
        front.admin("POST", "/-/circuits/orders/reset")
        assert client.get("/new").status == 200
        front.write(document(two))
        front.signal(signal.SIGHUP)
        wait_until(lambda: client.get("/x").status == 200, "the new document is in force")
    assert len(two.seen) >= 1


def test_reload_under_load_drops_nothing(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream()
    front = gateway(document(behind))
    stop = threading.Event()
    statuses: Counter[int] = Counter()

    def load() -> None:
        with front.client() as client:
            while not stop.is_set():
                statuses[client.get("/x").status] += 1

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(10):
        front.write(document(behind, route={"timeout": f"{number + 10}s"}))
        assert front.admin("POST", "/-/reload")[0] == 200
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}


def test_a_reloaded_grace_holds(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway({**document(upstream(after(60.0)), route={"timeout": "50s"}), "stop_grace": "45s"})
    front.write({**document(upstream(after(60.0)), route={"timeout": "50s"}), "stop_grace": "1s"})
    assert front.admin("POST", "/-/reload")[0] == 200
    with front.client() as client:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
        wait_until(lambda: front.in_flight() == 1, "it is under way")
        front.signal(signal.SIGTERM)
        assert client.is_closed(), "by the old grace it would live longer"


def test_an_invalid_document_changes_nothing(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()))
    front.write({**document(upstream()), "routes": [{"path": "/x", "servce": "orders"}]})
    status, problem = front.admin("POST", "/-/reload")
    assert status == 422
    assert any("routes[0].servce: unknown key" in text for text in problem["problems"])
    front.signal(signal.SIGHUP)
    wait_until(lambda: "the old one stays" in front.log.read_text(), "it is said in the log")
    assert front.get("/x").status == 200


def test_an_invalid_document_does_not_start(tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("listen: 127.0.0.1:0\nauth: {issuer: x}\nroutes:\n- {path: x, service: nobody}\n")
    command = [sys.executable, "-m", "msctl.gateway", "--config", str(config)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "gateway.yaml:2:7: auth: " in ended.stderr
    assert "gateway.yaml:4:3: routes[0]: 'x' does not begin with /" in ended.stderr


def test_slow_heads_and_bodies_are_ended(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()))
    slow = [front.client() for _ in range(200)]
    for client in slow:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\nX-Slow")
    assert {front.get("/x").status for _ in range(50)} == {200}
    for client in slow:
        answer = client.answer()
        assert (answer.status, answer.json()["type"]) == (408, "urn:msctl:problem:slow-request")
        client.close()


def test_too_many_connections_are_turned_away(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway({**document(upstream()), "max_connections": 20})
    held = [front.client() for _ in range(20)]
    assert {client.get("/x").status for client in held} == {200}
    with front.client() as extra:
        answer = extra.answer()
        assert (answer.status, answer.header("Retry-After")) == (503, "1")
        assert answer.header("Content-Type") == "application/problem+json"
        assert answer.json()["type"] == "urn:msctl:problem:too-many-connections"
        assert extra.is_closed()
    assert {client.get("/x").status for client in held} == {200}
    for client in held:
        client.close()
    wait_until(lambda: _works(front.port), "there is room again")


def _works(port: int) -> bool:
    with Client(port) as client:
        return client.get("/x").status == 200


def test_few_open_files_are_survived(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()), wrapper=("prlimit", "--nofile=256:256"))
    clients = [front.client() for _ in range(400)]
    statuses: Counter[int] = Counter()
    for client in clients:
        try:
            statuses[client.get("/x").status] += 1
        except (AssertionError, ConnectionError):
            statuses[0] += 1
    assert statuses[200] >= 90
    assert set(statuses) <= {200, 503, 0}
    for client in clients:
        client.close()
    wait_until(lambda: _works(front.port), "it recovers")


def test_a_hung_service_takes_no_files_from_others(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    routes = [{"path": f"/{name}", "service": name, "timeout": "60s"} for name in ("hung", "good")]
    services = {
        "hung": {"instances": [upstream(after(600.0)).address]},
        "good": {"instances": [upstream().address]},
    }
    front = gateway({"services": services, "routes": routes}, wrapper=("prlimit", "--nofile=256:256"))
    clients = [front.client() for _ in range(120)]
    for client in clients[:110]:
        client.send(b"GET /hung HTTP/1.1\r\nHost: g\r\n\r\n")
    sockets = {client.socket: client for client in clients[:110]}
    refused = wait_until(lambda: select.select(list(sockets), [], [], 0)[0], "some are refused")
    problem = sockets[refused[0]].answer().json()
    assert (problem["status"], problem["type"]) == (503, "urn:msctl:problem:too-many-connections")
    assert {client.get("/good").status for client in clients[110:]} == {200}
    for name in services:
        assert (front.circuit(name)["state"], front.circuit(name)["failure_rate"]) == ("closed", 0.0)
        assert {i["failures_in_a_row"] for i in front.instances(name)} == {0}
    wait_until(lambda: 40 <= front.in_flight("hung") <= 60, "the others wait")


def test_metrics_and_log(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()))
    front.get("/a/" + "b" * 7000)
    front.get("/c", method="BREW")
    text = front.admin("GET", "/-/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})[1]
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    assert "msctl_gateway_requests" in {family.name for family in families}
    labels = re.findall(r"msctl_gateway_requests_total\{(.*?)\} (\S+)", text)
    assert sorted(labels) == [
        ('code="200",method="GET",route="/{rest:path}",service="orders"', "1.0"),
        ('code="200",method="other",route="/{rest:path}",service="orders"', "1.0"),
    ]
    assert 'msctl_circuit_state{caller="gateway",callee="orders"} 0.0' in text.replace(
        'callee="orders",caller="gateway"', 'caller="gateway",callee="orders"'
    )
    wait_until(lambda: front.log.read_text().count('"message": "') >= 3, "the access log is written")
    assert max(len(line) for line in front.log.read_text().splitlines()) < 4000


def test_health(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()))
    answer = front.get("/healthz")
    assert (answer.status, answer.json()) == (200, {"status": "pass"})
    assert answer.header("Content-Type") == "application/health+json"
    status, health = front.admin("GET", "/-/health")
    assert (status, health["status"]) == (200, "pass")
    assert front.get("/-/health").status == 200, "an ordinary path on the public port"
    assert front.admin("GET", "/-/routes")[1][0]["target"] == "orders"


def test_web_pages_change_nothing(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream()))
    origin = {"Origin": "https://evil.example"}
    assert front.admin("POST", "/-/circuits/orders/trip", origin)[0] == 403
    assert front.admin("POST", "/-/reload", origin)[0] == 403
    assert front.circuit()["state"] == "closed"
    for method, path, headers, status in (
        ("GET", "/-/circuits", {"Host": "evil.example"}, 403),
        ("GET", "/-/nothing", {}, 404),
        ("GET", "/-/reload", {}, 405),
        ("POST", "/-/circuits/nobody/trip", {}, 404),
    ):
        answered, problem = front.admin(method, path, headers)
        assert (answered, problem["status"]) == (status, status)
        assert explain(problem["type"]) is not None
