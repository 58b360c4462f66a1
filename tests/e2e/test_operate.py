"""Scaling, stopping, restarting and going back, seen from the engine and the catalog."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.catalog import consul, entries, passing_addresses
from tests.e2e.chaos import catalog_is_true
from tests.e2e.checkout import MSCTL, Checkout
from tests.e2e.engine_state import container_ids, containers, docker, running
from tests.e2e.scripted import rewrite, scripted_project
from tests.e2e.traffic import get, statuses, steady
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_ROUTES = [{"path": "/web/{rest:path}", "service": "web", "rewrite": "/{rest}", "timeout": "10s"}]
_BUSY_MACHINE = 90.0


@pytest.fixture(scope="module")
def web(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One service of two instances."""
    services = {"web": {"replicas": 2, "stop_grace": "2s"}}
    with scripted_project(tmp_path_factory.mktemp("operate") / "operate", services, _ROUTES) as checkout:
        yield checkout


def _true(checkout: Checkout) -> None:
    eventually(lambda: catalog_is_true(checkout), timeout=_BUSY_MACHINE)


def test_scaling_keeps_who_is_there_and_the_catalog_follows(web: Checkout) -> None:
    before = container_ids(web.project)
    web.msctl("scale", "web=4").good()
    _true(web)
    assert len(passing_addresses(web.project, "web")) == 4
    assert web.msctl("up", "--json").good().json()["changed"] == []
    web.msctl("scale", "web=2").good()
    _true(web)
    assert container_ids(web.project) == before


def test_a_restart_of_two_instances_is_not_felt(web: Checkout) -> None:
    before = containers(web.project)[web.name("web-1")]["State"]["StartedAt"]
    with steady(web.port, 40, "/web/x?delay=0.05", longest=120.0) as answers:
        eventually(lambda: len(answers) > 20)
        web.msctl("restart", "web").good()
    assert set(statuses(answers)) == {200}, statuses(answers)
    assert containers(web.project)[web.name("web-1")]["State"]["StartedAt"] != before


def test_what_was_stopped_stays_down_until_it_is_started(web: Checkout) -> None:
    web.msctl("stop", "web-1").good()
    docker("restart", "--time", "0", web.name("agent"))
    docker("kill", web.name("web-2"))
    eventually(lambda: running(web.name("web-2")), timeout=_BUSY_MACHINE)
    assert not running(web.name("web-1"))
    web.msctl("start", "web-1").good()
    _true(web)
    web.msctl("wait", "web").good()


def test_a_plan_says_what_would_change_and_history_what_did(web: Checkout) -> None:
    assert web.msctl("plan", "--detailed-exitcode").exit_code == 0
    changed = {"web": {"replicas": 2, "stop_grace": "2s", "environment": {"COLOUR": "blue"}}}
    rewrite(web, changed, _ROUTES)
    found = web.msctl("plan", "--json", "--detailed-exitcode")
    assert found.exit_code == 4
    reasons = " ".join(change["reason"] for change in found.json()["changes"])
    assert "environment.COLOUR: none → blue" in reasons
    assert not any(change["downtime"] for change in found.json()["changes"])
    web.msctl("up").good()
    lines = [
        json.loads(line) for line in web.msctl("history", "-n", "999", "--json").good().stdout.splitlines()
    ]
    assert [line["result"] for line in lines if line["command"] == "up"] == ["done", "done"]
    assert any(line["result"] == "restarted" and line["command"] == web.name("web-2") for line in lines)


def test_a_rollback_brings_the_version_before_back(web: Checkout) -> None:
    web.msctl("rollback").good()
    assert "COLOUR=blue" not in containers(web.project)[web.name("web-1")]["Config"]["Env"]
    _true(web)


def test_commands_run_in_an_instance_and_beside_it(web: Checkout) -> None:
    name = web.name("web-2")
    found = web.msctl("exec", "web", "-i", "2", "--", "sh", "-c", "echo $MSCTL_INSTANCE; exit 7")
    assert (found.stdout.strip(), found.exit_code) == (name, 7)
    script = "import os, sys; print(os.environ['MSCTL_INSTANCE'], sys.stdin.read()); sys.exit(5)"
    before = set(container_ids(web.project))
    words = [str(MSCTL), "run", "web", "--", "python", "-c", script]
    ran = subprocess.run(
        words, check=False, cwd=web.folder, input="from outside", capture_output=True, text=True
    )
    assert ran.returncode == 5, ran.stderr
    told, _, given = ran.stdout.strip().partition(" ")
    assert told.startswith(web.name("web-run-"))
    assert given == "from outside"
    assert set(container_ids(web.project)) == before
    assert told not in {item["Service"]["ID"] for item in consul(web.project, "/v1/health/service/web")}


def test_a_service_elsewhere_is_registered_checked_and_guarded(web: Checkout) -> None:
    """A stranger's container stands for another machine: known by its name, none of msctl's."""
    stranger, entry = web.name("stranger"), web.name("legacy-external")
    services = {"web": {"replicas": 2, "stop_grace": "2s"}}
    route: dict[str, Any] = {"path": "/legacy", "service": "legacy", "rewrite": "/", "retries": 0}
    legacy = {"legacy": {"external": "http://legacy.example.test:8080", "health": {"path": "/"}}}
    image = docker("image", "ls", "--quiet", "msctl/runtime").split()[0]
    docker(
        "run", "--detach", "--name", stranger, "--network", web.project, "--network-alias",
        "legacy.example.test", "--entrypoint", "python", image, "-m", "http.server", "8080",
    )  # fmt: skip
    try:
        rewrite(web, services, [*_ROUTES, route], elsewhere=legacy)
        web.msctl("up").good()
        assert get(web.port, "/legacy").status == 200
        assert passing_addresses(web.project, "legacy") == {"legacy.example.test"}
        docker("stop", "--time", "0", stranger)
        eventually(lambda: get(web.port, "/legacy").status == 503, timeout=_BUSY_MACHINE)
        eventually(lambda: passing_addresses(web.project, "legacy") == set(), timeout=_BUSY_MACHINE)
        told = next(s for s in web.msctl("status", "--json").json()["services"] if s["name"] == "legacy")
        assert (told["ready"], told["instances"][0]["health"]) == (0, "fail")
        docker("start", stranger)
        eventually(lambda: get(web.port, "/legacy").status == 200, timeout=_BUSY_MACHINE)
    finally:
        docker("rm", "--force", stranger)
    rewrite(web, services, _ROUTES)
    web.msctl("up").good()
    eventually(lambda: entry not in entries(web.project))
