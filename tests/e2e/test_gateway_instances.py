"""Instances that die, hang, refuse or are unknown for a while, behind a gateway under traffic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import container_ids, docker
from tests.e2e.gateway_view import circuit, instances, retries, upstream
from tests.e2e.scripted import hung, journal, kill, script, scripted_project
from tests.e2e.traffic import Answer, get, in_a_row, statuses, steady
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_WEB = {"web-1", "web-2"}
_ROUTES = [
    {"path": "/web/{rest:path}", "service": "web", "rewrite": "/{rest}"},
    {"path": "/patient/{rest:path}", "service": "web", "rewrite": "/{rest}", "timeout": "30s"},
]
_SLOW_MACHINE = 60.0


@pytest.fixture(scope="module")
def duo(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One service of two replicas; tests leave it well."""
    services = {"web": {"replicas": 2}}
    with scripted_project(tmp_path_factory.mktemp("duo") / "duo", services, _ROUTES) as checkout:
        yield checkout


@pytest.fixture
def web(duo: Checkout) -> Checkout:
    """The duo with both replicas in the gateway's hands."""
    eventually(lambda: instances(duo, "web") == _WEB and not _ejected(duo), timeout=_SLOW_MACHINE)
    return duo


def _ejected(checkout: Checkout) -> list[str]:
    return [i["name"] for i in upstream(checkout, "web")["instances"] if i["ejected"]]


def _under_way(answers: list[Answer]) -> bool:
    return len(answers) >= 200


def test_a_killed_replica_costs_no_request_and_comes_back(web: Checkout) -> None:
    before = container_ids(web.project)
    with steady(web.port, 200, "/web/x?delay=0.005", longest=10.0) as answers:
        eventually(lambda: _under_way(answers))
        kill(web, "web-1")
    assert set(statuses(answers)) == {200}, statuses(answers)
    eventually(lambda: instances(web, "web") == _WEB and not _ejected(web), timeout=_SLOW_MACHINE)
    seen = len(journal(web, "web-1"))
    eventually(lambda: get(web.port, "/web/x").status == 200 and len(journal(web, "web-1")) > seen)
    assert container_ids(web.project) == before


def test_requests_that_hit_a_hung_replica_are_answered_elsewhere_in_time(web: Checkout) -> None:
    again = retries(web, "web")
    with steady(web.port, 50, "/web/x") as answers:
        eventually(lambda: len(answers) >= 50)
        with hung(web, "web-1"):
            eventually(lambda: retries(web, "web") > again)
            eventually(lambda: instances(web, "web") == {"web-2"}, timeout=_SLOW_MACHINE)
    assert set(statuses(answers)) == {200}, statuses(answers)
    assert circuit(web, "web")["state"] == "closed"


def test_a_service_without_passing_instance_is_said_at_once(web: Checkout) -> None:
    script(web, *_WEB, ready=False)
    try:
        eventually(lambda: not instances(web, "web"), timeout=_SLOW_MACHINE)
        answer = get(web.port, "/web/x")
        problem = answer.json()
        assert (answer.status, problem["type"]) == (503, "urn:msctl:problem:no-instance")
        assert problem["detail"] == "Service 'web' is unavailable: no passing instance"
        assert int(answer.headers["retry-after"]) >= 1
        assert web.msctl("status").exit_code == 1
    finally:
        script(web, *_WEB)
    eventually(lambda: get(web.port, "/web/x").status == 200, timeout=_SLOW_MACHINE)


def test_traffic_goes_on_while_consul_is_away(web: Checkout) -> None:
    with steady(web.port, 20, "/patient/x", longest=60.0) as answers:
        docker("stop", "--time", "0", web.name("registry"))
        try:
            eventually(lambda: upstream(web, "web")["trouble"])
            away = web.msctl("status", "--json")
            during = len(answers)
            eventually(lambda: len(answers) >= during + 20)
        finally:
            docker("start", web.name("registry"))
        eventually(lambda: upstream(web, "web")["trouble"] is None, timeout=_SLOW_MACHINE)
    assert set(statuses(answers)) == {200}, statuses(answers)
    assert (away.exit_code, away.json()["healthy"]) == (1, False)
    assert "the registry does not answer" in " ".join(away.json()["notes"])
    eventually(lambda: web.msctl("status").exit_code == 0, timeout=_SLOW_MACHINE, interval=0.5)


def test_the_catalog_is_followed_again_after_consul_was_away(web: Checkout) -> None:
    docker("stop", "--time", "0", web.name("registry"))
    eventually(lambda: upstream(web, "web")["trouble"])
    docker("start", web.name("registry"))
    script(web, "web-1", ready=False)
    try:
        eventually(lambda: instances(web, "web") == {"web-2"}, timeout=_SLOW_MACHINE)
        before = len(journal(web, "web-1"))
        assert statuses(in_a_row(web.port, 20, "/web/x")) == {200: 20}
        assert len(journal(web, "web-1")) == before
    finally:
        script(web, "web-1")


def test_a_restarted_container_gets_traffic_again(web: Checkout) -> None:
    docker("restart", "--time", "1", web.name("web-2"))
    eventually(lambda: instances(web, "web") == _WEB and not _ejected(web), timeout=_SLOW_MACHINE)
    seen = len(journal(web, "web-2"))
    eventually(lambda: get(web.port, "/web/x").status == 200 and len(journal(web, "web-2")) > seen)
    both = [web.name(name) for name in sorted(_WEB)]
    eventually(lambda: [i["name"] for i in upstream(web, "web")["instances"]] == both, timeout=_SLOW_MACHINE)
