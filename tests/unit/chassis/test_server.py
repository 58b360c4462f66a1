"""The HTTP side: handlers, probes and errors, over loopback."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from msctl.chassis import context
from msctl.chassis.exchange import Reply, Request
from msctl.chassis.metrics import Metrics
from msctl.chassis.problems import Problem
from msctl.chassis.server import Route, application
from msctl.chassis.store import DatabaseUnavailable
from msctl.chassis.vitals import Vitals
from tests.unit.chassis.doubles import FlakyStore

Client = TestClient[Any, Any]


async def echo(request: Request) -> object:
    return {"id": request.parameters["id"], "query": dict(request.query), "trace": context.trace_id()}


async def create(request: Request) -> Reply:
    return Reply(request.json(), status=201, headers={"Location": "/things/1"})


async def fail(request: Request) -> object:
    match request.parameters["how"]:
        case "problem":
            raise Problem(409, "out-of-stock", "There is not enough", sku="WIDGET")
        case "database":
            raise DatabaseUnavailable("PostgreSQL: connect to 10.0.0.7 refused")
        case "slow":
            await asyncio.Event().wait()
        case "timeout":
            raise TimeoutError("one of its own")
    raise RuntimeError("secret detail")


ROUTES = (
    Route("GET", "/things/{id}", echo),
    Route("POST", "/things", create),
    Route("GET", "/fail/{how}", fail),
    Route("POST", "/fail/{how}", fail),
)


@pytest.fixture
def vitals() -> Vitals:
    made = Vitals("orders-1", FlakyStore())
    made.started = True
    return made


@pytest.fixture
async def client(vitals: Vitals) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application("orders", ROUTES, vitals, Metrics()))) as made:
        yield made


async def test_a_value_is_the_json_of_a_200(client: Client) -> None:
    answer = await client.get("/things/7?color=red")
    assert answer.status == 200
    body = await answer.json()
    assert body["id"] == "7"
    assert body["query"] == {"color": "red"}


async def test_a_reply_says_its_status_and_headers(client: Client) -> None:
    answer = await client.post("/things", json={"a": 1})
    assert (answer.status, answer.headers["Location"], await answer.json()) == (201, "/things/1", {"a": 1})


async def test_a_trace_is_continued(client: Client) -> None:
    answer = await client.get("/things/7", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    assert (await answer.json())["trace"] == "a" * 32


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/fail/problem", 409, "out-of-stock"),
        ("GET", "/fail/database", 503, "database-unavailable"),
        ("GET", "/fail/crash", 500, "internal-error"),
        ("GET", "/fail/timeout", 500, "internal-error"),
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/things", 405, "method-not-allowed"),
    ],
)
async def test_every_error_is_a_problem_document(
    client: Client, method: str, path: str, status: int, kind: str
) -> None:
    answer = await client.request(method, path)
    body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["status"], body["type"]) == (status, status, f"urn:msctl:problem:{kind}")
    assert (body["service"], body["instance"]) == ("orders", path)
    assert len(body["trace_id"]) == 32


async def test_problem_members_are_kept_and_internals_are_not_told(client: Client) -> None:
    assert (await (await client.get("/fail/problem")).json(content_type=None))["sku"] == "WIDGET"
    assert "secret" not in await (await client.get("/fail/crash")).text()
    answer = await client.get("/fail/database")
    assert "10.0.0.7" not in await answer.text()
    assert answer.headers["Retry-After"] == "1"


async def test_a_wrong_method_names_the_right_ones(client: Client) -> None:
    assert (await client.delete("/things")).headers["Allow"] == "POST"


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(client: Client, body: bytes) -> None:
    assert (await client.post("/things", data=body)).status == 400


async def test_a_body_that_is_too_big_is_refused(client: Client) -> None:
    body = io.BytesIO(b'{"a": "' + b"x" * 1_100_000 + b'"}')
    assert (await client.post("/things", data=body)).status == 413


async def test_the_callers_deadline_ends_the_work(client: Client) -> None:
    answer = await client.get("/fail/slow", headers={"X-Timeout-Ms": "20"})
    body = await answer.json(content_type=None)
    assert (answer.status, body["type"]) == (504, "urn:msctl:problem:deadline-exceeded")
    assert "unknown" not in body["detail"]


async def test_a_write_that_timed_out_has_an_unknown_outcome(client: Client) -> None:
    answer = await client.post("/fail/slow", headers={"X-Timeout-Ms": "20"})
    assert "outcome is unknown" in (await answer.json(content_type=None))["detail"]


async def test_health_answers_as_the_draft_says(client: Client, vitals: Vitals) -> None:
    for path in ("/livez", "/readyz", "/health"):
        answer = await client.get(path)
        assert answer.status == 200
        assert answer.content_type == "application/health+json"
        assert answer.headers["Cache-Control"] == "no-store"
    vitals.started = False
    assert [(await client.get(path)).status for path in ("/livez", "/readyz", "/health")] == [200, 503, 503]


async def test_metrics_name_route_templates_only(client: Client) -> None:
    await client.get("/things/12345")
    await client.get("/unknown/12345")
    text = await (await client.get("/metrics")).text()
    assert 'route="/things/{id}"' in text
    assert "12345" not in text


async def test_metrics_speak_openmetrics_when_asked(client: Client) -> None:
    answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type == "application/openmetrics-text"
    assert (await answer.text()).endswith("# EOF\n")
