"""Scaling, restarts and updates are not felt, bad versions are taken back; commands in and beside one."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.cards import only_card
from tests.e2e.catalog import consul, passing_addresses
from tests.e2e.chaos import catalog_is_true
from tests.e2e.checkout import MSCTL, Checkout
from tests.e2e.engine_state import container_ids, containers
from tests.e2e.scripted import rewrite, scripted_project
from tests.e2e.traffic import get, statuses, steady
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_ROUTES = [
    {"path": f"/{name}/{{rest:path}}", "service": name, "rewrite": "/{rest}", "retries": 0, "timeout": "10s"}
    for name in ("solo", "duo")
]
_SERVICES: dict[str, dict[str, Any]] = {
    "solo": {"stop_grace": "3s"},
    "duo": {"replicas": 2, "stop_grace": "3s"},
}
_BUSY_MACHINE = 90.0


@pytest.fixture(scope="module")
def running(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One service of one instance, one of two."""
    with scripted_project(tmp_path_factory.mktemp("rolling") / "rolling", _SERVICES, _ROUTES) as checkout:
        yield checkout


@pytest.fixture
def pair(running: Checkout) -> Checkout:
    """Both at their first version."""
    _update(running)
    running.msctl("up").good()
    return running


def _update(checkout: Checkout, **changes: dict[str, str]) -> None:
    """Give services another environment."""
    services = {name: {**entry, "environment": changes.get(name, {})} for name, entry in _SERVICES.items()}
    rewrite(checkout, services, _ROUTES)


def _environment(checkout: Checkout, name: str) -> list[str]:
    found: list[str] = containers(checkout.project)[checkout.name(name)]["Config"]["Env"]
    return found


def _passing(checkout: Checkout, service: str) -> set[str]:
    found = consul(checkout.project, f"/v1/health/service/{service}?passing")
    return {item["Service"]["ID"] for item in found}


def _true(checkout: Checkout) -> None:
    eventually(lambda: catalog_is_true(checkout), timeout=_BUSY_MACHINE)


def test_scaling_keeps_who_is_there_and_the_catalog_follows(pair: Checkout) -> None:
    before = container_ids(pair.project)
    pair.msctl("scale", "duo=4").good()
    _true(pair)
    assert len(passing_addresses(pair.project, "duo")) == 4
    assert pair.msctl("up", "--json").good().json()["changed"] == []
    pair.msctl("scale", "duo=2").good()
    _true(pair)
    assert container_ids(pair.project) == before


def test_a_restart_of_two_instances_is_not_felt(pair: Checkout) -> None:
    before = containers(pair.project)[pair.name("duo-1")]["State"]["StartedAt"]
    with steady(pair.port, 40, "/duo/x?delay=0.05", longest=120.0) as answers:
        eventually(lambda: len(answers) > 20)
        pair.msctl("restart", "duo").good()
    assert set(statuses(answers)) == {200}, statuses(answers)
    assert containers(pair.project)[pair.name("duo-1")]["State"]["StartedAt"] != before


def test_commands_run_in_an_instance_and_beside_it(pair: Checkout) -> None:
    name = pair.name("duo-2")
    found = pair.msctl("exec", "duo", "-i", "2", "--", "sh", "-c", "echo $MSCTL_INSTANCE; exit 7")
    assert (found.stdout.strip(), found.exit_code) == (name, 7)
    script = "import os, sys; print(os.environ['MSCTL_INSTANCE'], sys.stdin.read()); sys.exit(5)"
    before = set(container_ids(pair.project))
    words = [str(MSCTL), "run", "duo", "--", "python", "-c", script]
    ran = subprocess.run(
        words, check=False, cwd=pair.folder, input="from outside", capture_output=True, text=True
    )
    assert ran.returncode == 5, ran.stderr
    told, _, given = ran.stdout.strip().partition(" ")
    assert told.startswith(pair.name("duo-run-"))
    assert given == "from outside"
    assert set(container_ids(pair.project)) == before
    assert told not in {item["Service"]["ID"] for item in consul(pair.project, "/v1/health/service/duo")}


def test_nobody_feels_an_update_nor_its_rollback(pair: Checkout) -> None:
    """One service has one instance, the other two."""
    _update(pair, **{name: {"VERSION": "two"} for name in _SERVICES})
    found = pair.msctl("plan", "--json", "--detailed-exitcode")
    assert found.exit_code == 4
    assert "environment.VERSION: none → two" in " ".join(c["reason"] for c in found.json()["changes"])
    assert not any(change["downtime"] for change in found.json()["changes"])
    with ExitStack() as stack:
        streams = [stack.enter_context(steady(pair.port, 40, f"/{n}/x?delay=0.05", 240.0)) for n in _SERVICES]
        eventually(lambda: min(map(len, streams)) > 40, timeout=_BUSY_MACHINE)
        pair.msctl("up").good()
        instances = {pair.name(name) for name in ("solo-1", "duo-1", "duo-2")}
        assert {n for n in container_ids(pair.project) if n[-1].isdigit()} == instances
        assert all("VERSION=two" in _environment(pair, name) for name in ("solo-1", "duo-1", "duo-2"))
        pair.msctl("rollback").good()
        assert all("VERSION=two" not in _environment(pair, name) for name in ("solo-1", "duo-1", "duo-2"))
    for answers in streams:
        assert set(statuses(answers)) == {200}, statuses(answers)
    _true(pair)
    told = [
        json.loads(line)
        for line in pair.msctl("history", "--kind", "command", "--json").good().stdout.splitlines()
    ]
    assert [line["result"] for line in told if line["command"] in {"up", "rollback to 1"}][-2:] == [
        "done"
    ] * 2
    assert pair.msctl("plan", "--detailed-exitcode").exit_code == 4


def test_a_version_that_never_gets_well_is_taken_back(pair: Checkout) -> None:
    before = container_ids(pair.project)
    _update(pair, solo={"SCRIPT": json.dumps({"ready": False})})
    with steady(pair.port, 20, "/solo/x", longest=120.0) as answers:
        outcome = pair.msctl("up", "--timeout", "5s")
    assert "the one before goes on serving" in only_card(outcome).text
    assert set(statuses(answers)) == {200}
    assert container_ids(pair.project) == before
    assert get(pair.port, "/solo/x").status == 200
    told = pair.msctl("status", "--json").good().json()
    assert told["healthy"]
    assert "the one before goes on serving" in " ".join(told["notes"])


@pytest.mark.long
def test_a_version_that_fails_its_calls_is_taken_back(pair: Checkout) -> None:
    before = container_ids(pair.project)
    _update(pair, duo={"SCRIPT": json.dumps({"status": 500})})
    with steady(pair.port, 60, "/duo/x", longest=240.0) as answers:
        outcome = pair.msctl("up")
    assert "the new version failed" in only_card(outcome).text
    assert container_ids(pair.project) == before
    assert statuses(answers).get(500, 0) <= max(3, len(answers) // 100)


@pytest.mark.long
def test_a_socket_stays_open_while_its_instance_leaves(pair: Checkout) -> None:
    _update(pair, solo={"VERSION": "three"})
    with _socket(pair, "solo") as client:
        with pair.start("up") as update:
            first = pair.name("solo-1")
            eventually(lambda: first not in _passing(pair, "solo"), timeout=_BUSY_MACHINE)
            client.sendall(b"\x81\x02hi")
            assert client.recv(4096)
            assert update.wait(timeout=180.0) == 0
        assert client.recv(4096) == b""


@pytest.mark.long
def test_an_update_of_everything_under_load_breaks_nothing(pair: Checkout) -> None:
    """300 requests a second on kept connections, 20 sockets; one service has one instance, the other two."""
    grace, left, closed = 3.0, dict[str, float](), dict[str, list[float]]()
    both = {name: {"VERSION": "five"} for name in _SERVICES}
    _update(pair, **both)
    with ExitStack() as stack:
        answers = [
            stack.enter_context(steady(pair.port, 150, f"/{name}/x", longest=240.0)) for name in _SERVICES
        ]
        sockets = {name: [stack.enter_context(_socket(pair, name)) for _ in range(10)] for name in _SERVICES}
        eventually(lambda: min(map(len, answers)) > 300, timeout=_BUSY_MACHINE)
        update = stack.enter_context(pair.start("up"))
        watching = [
            threading.Thread(target=_note_end, args=(one, closed.setdefault(name, [])))
            for name, found in sockets.items()
            for one in found
        ]
        for thread in watching:
            thread.start()
        while update.poll() is None:
            for name, entry in _SERVICES.items():
                old = {pair.name(f"{name}-{number}") for number in range(1, entry.get("replicas", 1) + 1)}
                if not old <= _passing(pair, name):
                    left.setdefault(name, time.monotonic())
            time.sleep(0.05)
        assert update.returncode == 0
        for thread in watching:
            thread.join(timeout=_BUSY_MACHINE)
    for one, name in zip(answers, _SERVICES, strict=True):
        assert set(statuses(one)) == {200}, (name, statuses(one))
        assert len(closed[name]) == 10
        assert min(closed[name]) - left[name] >= grace - 0.5, name


def _note_end(client: socket.socket, ends: list[float]) -> None:
    """Keep the moment at which the other side closed; a ping in between comes back."""
    client.settimeout(1.0)
    while True:
        try:
            client.sendall(b"\x81\x02hi")
            if not client.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
        time.sleep(0.1)
    ends.append(time.monotonic())


def _socket(checkout: Checkout, name: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", checkout.port))
    client.settimeout(20.0)
    client.sendall(
        f"GET /{name}/socket HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b" 101 " in client.recv(4096)
    return client


@pytest.mark.long
def test_an_update_that_was_killed_is_finished_by_the_next_up(pair: Checkout) -> None:
    _update(pair, duo={"VERSION": "four"})
    with pair.start("up") as update:
        eventually(lambda: pair.name("duo-3") in container_ids(pair.project), timeout=_BUSY_MACHINE)
        update.send_signal(signal.SIGKILL)
    pair.msctl("up").good()
    assert pair.name("duo-3") not in container_ids(pair.project)
    assert all("VERSION=four" in _environment(pair, f"duo-{number}") for number in (1, 2))
    _true(pair)
