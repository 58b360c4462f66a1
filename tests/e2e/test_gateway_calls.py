"""Deadlines, aggregates, retries and floods on real containers; the gateway's own end and its log."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker
from tests.e2e.gateway_view import upstream
from tests.e2e.scripted import journal, script, scripted_project
from tests.e2e.traffic import at_once, get, statuses, steady
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_ROUTES: list[dict[str, Any]] = [
    {"path": "/web/{rest:path}", "service": "web", "rewrite": "/{rest}"},
    {"path": "/long/{rest:path}", "service": "web", "rewrite": "/{rest}", "timeout": "30s", "retries": 0},
    {"path": "/other/{rest:path}", "service": "other", "rewrite": "/{rest}"},
    {
        "path": "/all/{delay}",
        "timeout": "20s",
        "aggregate": {
            "quick": {"call": "GET other:/quick", "required": True},
            "slow": {"call": "GET web:/slow?delay={delay}", "fallback": "none"},
            "after": {"call": "GET other:/after/{quick.instance}", "after": "quick"},
        },
    },
]


@pytest.fixture(scope="module")
def calls(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A service of two replicas without circuit and another one; tests leave them well."""
    services: dict[str, dict[str, Any]] = {"web": {"replicas": 2, "circuit": "off"}, "other": {}}
    with scripted_project(tmp_path_factory.mktemp("calls") / "calls", services, _ROUTES) as checkout:
        yield checkout


def _told(checkout: Checkout, mark: str) -> list[int]:
    """The milliseconds that each request with ``mark`` in its target was given."""
    seen = journal(checkout, "web-1", "web-2", "other-1")
    return [int(line["headers"]["x-timeout-ms"]) for line in seen if mark in line.get("target", "")]


def test_a_callers_deadline_is_kept_and_handed_on(calls: Checkout) -> None:
    answer = get(calls.port, "/long/deadline?delay=60", {"X-Timeout-Ms": "3000"})
    assert (answer.status, answer.json()["type"]) == (504, "urn:msctl:problem:timeout")
    assert answer.json()["detail"] == "Service 'web' did not answer within 3 s"
    assert [0 < milliseconds <= 3000 for milliseconds in _told(calls, "/deadline")] == [True]


def test_a_caller_cannot_make_a_deadline_longer(calls: Checkout) -> None:
    answer = get(calls.port, "/web/longer?delay=60", {"X-Timeout-Ms": "600000"})
    assert answer.status == 504
    assert 1 <= len(_told(calls, "/longer")) <= 2
    assert max(_told(calls, "/longer")) <= 2000


def test_a_write_that_ran_out_of_time_says_that_its_outcome_is_unknown(calls: Checkout) -> None:
    answer = get(calls.port, "/web/write?delay=60", {"X-Timeout-Ms": "1500"}, "POST")
    assert answer.status == 504
    assert answer.json()["detail"].endswith("the outcome of this write is unknown")
    assert len(_told(calls, "/write")) == 1


def test_an_aggregate_is_complete_when_all_parts_come(calls: Checkout) -> None:
    content = get(calls.port, "/all/0").json()
    assert content["_complete"] is True
    assert content["after"]["target"] == f"/after/{content['quick']['instance']}"


def test_an_aggregate_keeps_its_callers_deadline_and_names_what_is_missing(calls: Checkout) -> None:
    answer = get(calls.port, "/all/60", {"X-Timeout-Ms": "5000"})
    content = answer.json()
    assert (answer.status, content["_complete"], content["slow"]) == (200, False, "none")
    assert content["after"]["target"].startswith("/after/")
    assert set(content["_problems"]) == {"slow"}
    assert content["_problems"]["slow"]["type"] == "urn:msctl:problem:timeout"
    assert all(milliseconds <= 5000 for milliseconds in _told(calls, "/slow?delay=60"))


def test_retries_stay_within_their_budget_when_a_whole_service_is_down(calls: Checkout) -> None:
    script(calls, "web-1", "web-2", status=500)
    began = time.monotonic()
    try:
        with steady(calls.port, 100, "/web/down", longest=60.0) as answers:
            eventually(lambda: len(answers) >= 300)
    finally:
        script(calls, "web-1", "web-2")
    seconds = time.monotonic() - began
    arrived = len(_told(calls, "/down"))
    assert {500} <= set(statuses(answers)) <= {500, 504}  # the other is a machine's that stood still
    assert len(answers) < arrived <= len(answers) * 1.2 + 3 * (seconds + 10)


def test_a_hundred_stuck_requests_leave_other_routes_alone(calls: Checkout) -> None:
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(at_once, calls.port, 100, "/long/stuck?delay=60", {"X-Timeout-Ms": "15000"})
        eventually(lambda: upstream(calls, "web")["in_flight"] == 100)
        assert statuses(at_once(calls.port, 20, "/other/x")) == {200: 20}
        assert upstream(calls, "web")["in_flight"] == 100
        assert statuses(stuck.result()) == {504: 100}


def test_strangers_cannot_forge_lines_of_the_log(calls: Checkout) -> None:
    wild = '\x1b[31mred\x1b[0m \r\n{"message": "forged"}'
    get(calls.port, "/other/%0d%0a%7B%22message%22%3A%22forged%22%7D/%1b[31m")
    with socket.create_connection(("127.0.0.1", calls.port), timeout=20.0) as raw:
        raw.sendall(f"GET /other/{wild} HTTP/1.1\r\nHost: g\r\nX-Request-Id: {wild}\r\n\r\n".encode())
        assert raw.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert get(calls.port, "/other/" + "a" * 100_000).status == 414
    get(calls.port, "/other/last-line")
    name = calls.name("gateway")
    lines = eventually(lambda: _complete(docker("logs", name).splitlines(), "last-line"))
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not [line for line in lines if json.loads(line).get("message") == "forged"]
    assert not [line for line in lines if "\x1b" in line or len(line) > 8192]


def _complete(lines: list[str], last: str) -> list[str]:
    """The lines once the ``last`` one is among them."""
    return lines if any(last in line for line in lines) else []


def test_a_stopped_gateway_finishes_what_it_accepted(calls: Checkout) -> None:
    with ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(at_once, calls.port, 100, "/long/accepted?delay=6")
        eventually(lambda: upstream(calls, "web")["in_flight"] == 100)
        docker("stop", calls.name("gateway"))
        assert statuses(accepted.result()) == {200: 100}
    assert containers(calls.project)[calls.name("gateway")]["State"]["ExitCode"] == 0
    docker("start", calls.name("gateway"))
    eventually(lambda: get(calls.port, "/other/x").status == 200, timeout=60.0)
