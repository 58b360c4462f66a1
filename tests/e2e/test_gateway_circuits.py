"""Circuits of the gateway over real containers: bad replicas, and the commands that show and set circuits."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.gateway_view import circuit, instances
from tests.e2e.scripted import journal, script, scripted_project
from tests.e2e.traffic import Answer, get, in_a_row, statuses
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_WEB = ("web-1", "web-2", "web-3")
_MINIMUM = 10
_CIRCUIT = {"window": 20, "minimum_calls": _MINIMUM, "wait": "30s", "half_open_calls": 3}
_ROUTES: list[dict[str, Any]] = [
    {"path": "/web/{rest:path}", "service": "web", "rewrite": "/{rest}"},
    {"path": "/once/{rest:path}", "service": "web", "rewrite": "/{rest}", "retries": 0, "methods": ["GET"]},
]
_SENTENCE = re.compile(
    r"Service 'web' is unavailable: circuit open \(10 of 10 calls failed: answered 500\); retry in (\d+) s"
)


@pytest.fixture(scope="module")
def trio(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One service of three replicas; tests leave it well and its circuit closed."""
    services = {"web": {"replicas": 3, "circuit": _CIRCUIT}}
    with scripted_project(tmp_path_factory.mktemp("trio") / "trio", services, _ROUTES) as checkout:
        yield checkout


@pytest.fixture
def web(trio: Checkout) -> Iterator[Checkout]:
    """The trio, all of it known to the gateway; mended after the test."""
    eventually(lambda: instances(trio, "web") == set(_WEB))
    yield trio
    script(trio, *_WEB)
    trio.msctl("circuits", "reset", "web").good()


@pytest.fixture
def broken(web: Checkout) -> Checkout:
    """All replicas answer 500 and the circuit has just opened."""
    script(web, *_WEB, status=500)
    eventually(lambda: get(web.port, "/once/x").status == 503, interval=0.0)
    return web


def _shown(checkout: Checkout) -> Any:
    """The circuit in ``status --json``."""
    return checkout.msctl("status", "--json").json()["circuits"][0]


def test_one_bad_replica_of_three_hurts_nobody(web: Checkout) -> None:
    script(web, "web-1", status=500)
    answers = in_a_row(web.port, 320, "/web/x")
    later = answers[20:]
    assert len(journal(web, "web-1")) >= 3
    assert sum(answer.status != 200 for answer in later) <= len(later) / 100, statuses(answers)
    assert circuit(web, "web")["state"] == "closed"


def test_three_bad_replicas_open_the_circuit_within_the_minimum_of_calls(web: Checkout) -> None:
    script(web, *_WEB, status=500)
    assert statuses(in_a_row(web.port, _MINIMUM, "/once/x")) == {500: _MINIMUM}
    assert circuit(web, "web")["state"] == "open"


def test_an_open_circuit_lets_no_connection_through(broken: Checkout) -> None:
    before = journal(broken, *_WEB)
    assert statuses(in_a_row(broken.port, 50, "/web/x")) == {503: 50}
    assert circuit(broken, "web")["state"] == "open"
    assert journal(broken, *_WEB) == before


def test_the_answer_of_an_open_circuit_says_why_and_when(broken: Checkout) -> None:
    answer = get(broken.port, "/web/x")
    problem = answer.json()
    said = _SENTENCE.fullmatch(problem["detail"])
    assert said, problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == said[1]
    assert abs(_announced(answer) - datetime.fromisoformat(problem["retry_at"])) <= timedelta(seconds=1)
    assert (problem["status"], problem["service"], problem["circuit"]) == (503, "web", "open")
    told = broken.msctl("explain", problem["type"]).good().stdout
    assert problem["title"] in told


def _announced(answer: Answer) -> datetime:
    """When to come again, by the header."""
    return parsedate_to_datetime(answer.headers["date"]) + timedelta(
        seconds=int(answer.headers["retry-after"])
    )


def test_status_and_circuits_show_an_open_circuit(broken: Checkout) -> None:
    shown = _shown(broken)
    assert (shown["caller"], shown["callee"], shown["state"]) == ("gateway", "web", "open")
    assert (shown["failure_rate"], shown["calls"], shown["cause"]) == (1.0, 10, "answered 500")
    assert datetime.fromisoformat(shown["retry_at"])
    table = broken.msctl("circuits").good().stdout
    assert re.search(r"gateway → web +✗ open +100% of 10 +answered 500; retry in \d+ s", table), table


def test_a_circuit_closes_by_itself_once_the_service_is_well(broken: Checkout) -> None:
    script(broken, *_WEB)
    eventually(lambda: get(broken.port, "/web/x").status == 200, timeout=90.0, interval=0.2)
    eventually(
        lambda: get(broken.port, "/web/x").status == 200 and circuit(broken, "web")["state"] == "closed"
    )
    assert _shown(broken)["state"] == "closed"


def test_a_circuit_is_tripped_and_reset_by_hand(web: Checkout) -> None:
    web.msctl("circuits", "trip", "web").good()
    answer = get(web.port, "/web/x")
    assert answer.status == 503
    assert "circuit open (tripped by hand)" in answer.json()["detail"]
    assert web.msctl("circuits", "--json").good().json()[0]["cause"] == "tripped by hand"
    web.msctl("circuits", "reset", "web").good()
    assert get(web.port, "/web/x").status == 200


def test_tripping_a_circuit_that_is_none_is_wrong_usage(web: Checkout) -> None:
    outcome = web.msctl("circuits", "trip", "nobody")
    assert outcome.exit_code == 2
    assert "nobody" in outcome.stderr


def test_a_watched_status_follows_the_circuit(web: Checkout) -> None:
    with web.start("status", "--watch", "--json") as watch:
        try:
            _until(watch, lambda state: state == "closed")
            web.msctl("circuits", "trip", "web").good()
            _until(watch, lambda state: state == "open")
            web.msctl("circuits", "reset", "web").good()
            _until(watch, lambda state: state == "closed")
        finally:
            watch.kill()


def _until(watch: subprocess.Popen[str], wanted: Callable[[str], bool]) -> None:
    """Read reports until one shows a wanted state of the circuit; fails at their end."""
    assert watch.stdout is not None
    for line in watch.stdout:
        circuits = json.loads(line)["circuits"]
        if circuits and wanted(circuits[0]["state"]):
            return
    pytest.fail("the watch ended")


def test_routes_are_listed(trio: Checkout) -> None:
    told = trio.msctl("routes", "--json").good().json()
    assert [route["path"] for route in told] == [route["path"] for route in _ROUTES]


@pytest.mark.parametrize(
    ("method", "target", "status"), [("GET", "/once/7", 200), ("GET", "/none", 404), ("POST", "/once/7", 405)]
)
def test_the_route_that_match_names_is_the_one_that_answers(
    trio: Checkout, method: str, target: str, status: int
) -> None:
    outcome = trio.msctl("routes", "match", method, target, "--json")
    answer = get(trio.port, target, method=method)
    assert answer.status == status
    assert outcome.exit_code == (0 if status == 200 else 1)
    told = outcome.json()
    assert told["status"] == (None if status == 200 else status)
    assert (told["route"] or {}).get("path") == ("/once/{rest:path}" if status == 200 else None)
