"""What was stopped, and what runs elsewhere, seen from the engine and the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.catalog import entries, passing_addresses
from tests.e2e.chaos import catalog_is_true
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker, running
from tests.e2e.scripted import rewrite, scripted_project
from tests.e2e.traffic import get
from tests.integration.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.long]

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


def test_what_was_stopped_stays_down_until_it_is_started(web: Checkout) -> None:
    web.msctl("stop", "web-1").good()
    docker("restart", "--time", "0", web.name("agent"))
    docker("kill", web.name("web-2"))
    eventually(lambda: running(web.name("web-2")), timeout=_BUSY_MACHINE)
    assert not running(web.name("web-1"))
    web.msctl("start", "web-1").good()
    _true(web)
    web.msctl("wait", "web").good()


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
