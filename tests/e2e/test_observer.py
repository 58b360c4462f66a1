"""What the observer keeps of a running project, and shows."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker, running
from tests.e2e.writing import SECRET, write

pytestmark = pytest.mark.e2e

LINES = 5000


def eventually(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def observer_of(checkout: Checkout) -> tuple[str, str]:
    """Where the observer is, and the token it wants to see."""
    token = json.loads((checkout.workspace / "observer.json").read_text())["token"]
    return docker("port", checkout.name("observer"), "8081").splitlines()[0], token


def stored(checkout: Checkout, query: str) -> list[dict[str, Any]]:
    """Lines that the observer has, asked without msctl; none while it does not answer."""
    place, token = observer_of(checkout)
    connection = http.client.HTTPConnection(place, timeout=60)
    try:
        connection.request("GET", f"/-/logs?{query}", headers={"Authorization": f"Bearer {token}"})
        return [json.loads(line) for line in connection.getresponse()]
    except (OSError, http.client.HTTPException):
        return []
    finally:
        connection.close()


def asked(checkout: Checkout, path: str) -> Any:
    """One answer of the observer, asked without msctl."""
    place, token = observer_of(checkout)
    connection = http.client.HTTPConnection(place, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def test_every_line_is_stored_once_and_in_order_over_kills(chatty: Checkout) -> None:
    for part in range(5):
        write(chatty, *(f"counted {part * LINES // 5 + n}" for n in range(LINES // 5)))
        victim = chatty.name(("agent", "observer")[part % 2])
        docker("kill", victim)
        if not running(victim):
            docker("start", victim)
    eventually(lambda: len(stored(chatty, "name=web&words=counted")) >= LINES)
    found = [line["text"] for line in stored(chatty, "name=web&words=counted")]
    assert found == [f"counted {number}" for number in range(LINES)]
    shown = chatty.msctl("logs", "web", "--grep", "counted", "--json").good().stdout
    assert [json.loads(line)["text"] for line in shown.splitlines()] == found


def test_no_secret_is_stored(chatty: Checkout) -> None:
    generated = json.loads((chatty.workspace / "credentials.json").read_text())
    planted = [SECRET, *(value for value in generated.values() if len(value) >= 8)]
    write(chatty, *(f"planted {number} {secret}" for number, secret in enumerate(planted)), "planted all")
    eventually(lambda: bool(stored(chatty, "words=planted+all")))
    texts = "\n".join(line["text"] for line in stored(chatty, "words=planted"))
    assert texts.count("[REDACTED]") == len(planted)
    assert not [secret for secret in planted if secret in texts]


def test_the_dashboards_link_lets_in_once(chatty: Checkout) -> None:
    address = urlsplit(chatty.msctl("dashboard", "--json").good().json()["url"])
    assert address.hostname == "127.0.0.1"
    statuses = []
    for _ in range(2):
        connection = http.client.HTTPConnection(address.netloc, timeout=30)
        connection.request("GET", f"/?{address.query}")
        statuses.append(connection.getresponse().status)
        connection.close()
    assert statuses == [303, 401]


def test_traffic_is_shown_without_prometheus(chatty: Checkout) -> None:
    found = chatty.msctl("top", "--json").good().json()
    assert found["project"] == chatty.project
    assert found["traffic"]["memory"] > 0
    assert [service["name"] for service in found["services"]] == ["web"]


def test_a_change_of_health_is_history_with_its_cause(chatty: Checkout) -> None:
    def newest() -> str | None:
        told = chatty.msctl("health", "web", "--history", "--json").good().stdout.splitlines()
        return json.loads(told[-1])["state"] if told else None

    eventually(lambda: newest() == "pass")


def test_what_was_done_is_known_without_the_journal(chatty: Checkout) -> None:
    journal = chatty.workspace / "history.jsonl"
    text = journal.read_text()
    journal.unlink()
    wanted = {("command", "up", "done"), ("health", chatty.name("web-1"), "pass")}

    def known() -> set[tuple[str, str, str]]:
        told = [json.loads(line) for line in chatty.msctl("history", "--json").good().stdout.splitlines()]
        return {(entry["kind"], entry["command"], entry["result"]) for entry in told}

    try:
        eventually(lambda: wanted <= known())
    finally:
        journal.write_text(text)


def test_a_requests_way_is_one_tree(shop: Checkout) -> None:
    token = shop.msctl("token", "issue").good().stdout.strip()
    trace_id = _placed(shop, token, 7)
    wanted = {"gateway", "orders", "inventory", "payments", "notifications"}

    def parts() -> set[str]:
        outcome = shop.msctl("trace", trace_id, "--json")
        rows = outcome.json()["rows"] if outcome.exit_code == 0 else []
        return {row["part"].rpartition("-")[0] or row["part"] for row in rows if "part" in row}

    eventually(lambda: wanted <= parts())
    eventually(lambda: bool(shop.msctl("trace", trace_id, "--json").json()["connected"]))
    assert "█" in shop.msctl("trace", trace_id).good().stdout


def _placed(shop: Checkout, token: str, number: int) -> str:
    """Place an order under a trace of its own; the trace's id. On a busy machine some are refused."""
    found: list[str] = []

    def placed() -> bool:
        found.append(_tried(shop, token, number))
        return bool(found[-1])

    eventually(placed)
    return found[-1]


def _tried(shop: Checkout, token: str, number: int) -> str:
    trace_id = f"{number:08x}{uuid.uuid4().hex[8:]}"
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
    }
    body = json.dumps({"sku": "WIDGET", "quantity": 1, "customer": f"c{number}"})
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
    connection.request("POST", "/api/orders", body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return trace_id if answer.status == 201 else ""


@pytest.mark.long
def test_a_thousand_requests_are_each_one_tree(shop: Checkout) -> None:
    token = shop.msctl("token", "issue").good().stdout.strip()
    with ThreadPoolExecutor(2) as pool:
        ids = list(pool.map(lambda number: _placed(shop, token, number), range(1000)))
    wanted = {"gateway", "orders", "inventory", "payments", "notifications"}

    def is_whole(trace_id: str) -> bool:
        found = asked(shop, f"/-/traces/{trace_id}")
        if not isinstance(found, list):
            return False
        parts = {row["part"].rpartition("-")[0] or row["part"] for row in found[0]["rows"] if "part" in row}
        return bool(found[0]["connected"]) and wanted <= parts

    missing = set(ids)

    def all_whole() -> bool:
        missing.difference_update([found for found in sorted(missing) if is_whole(found)])
        return not missing

    eventually(all_whole, 300.0)
