"""A changed gateway part of the manifest reaches the running gateway without anybody noticing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import container_ids, containers
from tests.e2e.gateway_view import circuit
from tests.e2e.scripted import rewrite, script, scripted_project
from tests.e2e.traffic import Answer, get, statuses, steady
from tests.integration.gateway.process import Client
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_SERVICES: dict[str, dict[str, Any]] = {"web": {"circuit": {"wait": "10m"}}}
_ROUTES: list[dict[str, Any]] = [
    {"path": "/web/{rest:path}", "service": "web", "rewrite": "/{rest}"},
    {"path": "/once/{rest:path}", "service": "web", "rewrite": "/{rest}", "retries": 0},
]
_NEW = {"path": "/new/{rest:path}", "service": "web", "rewrite": "/{rest}"}
_UPGRADE = (
    b"GET /web/socket HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@pytest.fixture(scope="module")
def single(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One service of one replica behind a gateway that is reconfigured."""
    with scripted_project(tmp_path_factory.mktemp("single") / "single", _SERVICES, _ROUTES) as checkout:
        yield checkout


@pytest.fixture
def front(single: Checkout) -> Checkout:
    """The project as it was declared first."""
    rewrite(single, _SERVICES, _ROUTES)
    single.msctl("up").good()
    return single


@pytest.fixture
def opened(front: Checkout) -> Iterator[ExitStack]:
    """Closes the connections of a test."""
    with ExitStack() as stack:
        yield stack


def _websocket(client: Client) -> Client:
    client.send(_UPGRADE)
    answer = client.answer()
    assert (answer.status, answer.header("Sec-WebSocket-Accept")) == (101, _ACCEPT)
    return client


def _event_number(client: Client) -> int:
    """The number of the next server-sent event."""
    found = re.search(rb"id: (\d+)\n", client.until(b"data: tick\n\n"))
    assert found
    return int(found[1])


def test_a_reload_drops_no_connection(front: Checkout, opened: ExitStack) -> None:
    kept, events, socket = (opened.enter_context(Client(front.port)) for _ in range(3))
    assert kept.get("/web/x").status == 200
    _websocket(socket)
    events.send(b"GET /web/events HTTP/1.1\r\nHost: g\r\n\r\n")
    first, before = _event_number(events), container_ids(front.project)
    with steady(front.port, 50, "/web/x") as answers:
        eventually(lambda: len(answers) >= 20)
        rewrite(front, _SERVICES, [*_ROUTES, _NEW])
        front.msctl("up").good()
        assert get(front.port, "/new/x").json()["target"] == "/x"
    numbers = [_event_number(events) for _ in range(5)]
    socket.send(b"still here")
    assert socket.exactly(10) == b"still here"
    assert (kept.get("/new/y").status, kept.get("/web/z").status) == (200, 200)
    assert numbers == list(range(first + 1, first + 6))
    assert set(statuses(answers)) == {200}, statuses(answers)
    assert container_ids(front.project) == before


def test_a_reload_restarts_no_container(front: Checkout) -> None:
    before = _starts(front)
    rewrite(front, _SERVICES, [*_ROUTES, _NEW])
    front.msctl("up").good()
    assert get(front.port, "/new/x").status == 200
    assert _starts(front) == before


def _starts(checkout: Checkout) -> dict[str, str]:
    return {name: found["State"]["StartedAt"] for name, found in containers(checkout.project).items()}


def test_a_route_that_is_gone_is_unknown(front: Checkout) -> None:
    assert get(front.port, "/once/x").status == 200
    rewrite(front, _SERVICES, _ROUTES[:1])
    front.msctl("up").good()
    assert get(front.port, "/once/x").status == 404


def test_a_reload_keeps_an_open_circuit_open(front: Checkout) -> None:
    front.msctl("circuits", "trip", "web").good()
    try:
        rewrite(front, _SERVICES, [*_ROUTES, _NEW])
        front.msctl("up").good()
        assert circuit(front, "web")["state"] == "open"
        assert get(front.port, "/new/x").status == 503
    finally:
        front.msctl("circuits", "reset", "web").good()


def test_a_manifest_that_is_wrong_leaves_the_gateway_as_it_was(front: Checkout) -> None:
    rewrite(front, _SERVICES, [{**_NEW, "service": "nobody"}])
    assert front.msctl("up").exit_code == 2
    assert get(front.port, "/web/x").status == 200


def _bad_answer(checkout: Checkout) -> Answer:
    script(checkout, "web-1", cut=True)
    try:
        return get(checkout.port, "/once/x")
    finally:
        script(checkout, "web-1")


def test_outsiders_read_no_inside_address(front: Checkout) -> None:
    answer = _bad_answer(front)
    assert (answer.status, answer.json()["type"]) == (502, "urn:msctl:problem:bad-answer")
    assert not _ADDRESS.search(f"{answer.headers} {answer.body.decode()}")


def test_insiders_read_where_it_failed(front: Checkout) -> None:
    rewrite(front, _SERVICES, _ROUTES, errors="full")
    front.msctl("up").good()
    networks = containers(front.project)[front.name("web-1")]["NetworkSettings"]["Networks"]
    answer = _bad_answer(front)
    assert answer.status == 502
    assert f"{networks[front.project]['IPAddress']}:8000" in answer.json()["detail"]
