"""A FastAPI application behind the chassis' server: answers, problems, tokens' place, life."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from msctl.chassis import Problem, context
from msctl.chassis.asgi import Lifespan, LifespanFailed
from msctl.chassis.metrics import Metrics
from msctl.chassis.server import application
from msctl.chassis.store import DatabaseUnavailable
from msctl.chassis.vitals import Vitals
from tests.unit.chassis.doubles import FlakyStore

Client = TestClient[Any, Any]

app = FastAPI()


@app.get("/things/{thing}")
async def thing(thing: int, request: Request) -> dict[str, object]:
    return {"id": thing, "query": request.url.query, "trace": context.trace_id()}


@app.post("/things", status_code=201)
async def add(request: Request, response: Response) -> dict[str, int]:
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return {"bytes": len(await request.body())}


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"%d\n" % number

    return StreamingResponse(pieces(), media_type="text/plain")


@app.get("/cut")
async def cut() -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("secret detail")

    return StreamingResponse(pieces())


@app.get("/fail/{how}")
def fail(how: str) -> None:
    match how:
        case "problem":
            raise Problem(409, "out-of-stock", "There is not enough", sku="WIDGET")
        case "database":
            raise DatabaseUnavailable("PostgreSQL: connect to 10.0.0.7 refused")
    raise RuntimeError("secret detail")


async def silent(*_: object) -> None:
    """An application that does nothing at all."""


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[Client]:
    vitals = Vitals("orders-1", FlakyStore())
    vitals.started = True
    async with TestClient(TestServer(application("orders", (), vitals, metrics, mounted=app))) as made:
        yield made


async def test_the_application_answers_in_the_requests_trace(client: Client) -> None:
    parent = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    async with client.get("/things/7?x=1%202", headers={"traceparent": parent}) as answer:
        assert (await answer.json()) == {"id": 7, "query": "x=1%202", "trace": "a" * 32}


async def test_body_status_and_repeated_headers_pass(client: Client) -> None:
    async with client.post("/things", data=b"x" * 1000) as answer:
        assert (answer.status, await answer.json()) == (201, {"bytes": 1000})
        assert len(answer.headers.getall("Set-Cookie")) == 2


async def test_a_head_request_is_answered_without_a_body(client: Client) -> None:
    async with client.head("/livez") as answer:
        assert answer.status == 200


async def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    async with client.post("/things", data=io.BytesIO(b"x" * (1024 * 1024 + 1))) as answer:
        assert (answer.status, answer.content_type) == (413, "application/problem+json")


async def test_an_answer_in_pieces_comes_in_pieces(client: Client) -> None:
    async with client.get("/stream") as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert await answer.read() == b"0\n1\n2\n"


async def test_an_answer_that_is_cut_short_stays_cut_short(client: Client) -> None:
    async with client.get("/cut") as answer:
        with pytest.raises(Exception, match="payload"):
            await answer.read()


@pytest.mark.parametrize(
    ("how", "status", "kind"),
    [
        ("problem", 409, "out-of-stock"),
        ("database", 503, "database-unavailable"),
        ("x", 500, "internal-error"),
    ],
)
async def test_what_it_raises_is_a_problem(client: Client, how: str, status: int, kind: str) -> None:
    async with client.get(f"/fail/{how}") as answer:
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        told = await answer.json()
        assert told["type"].endswith(kind)
        assert "secret" not in str(told)
        assert "10.0.0.7" not in str(told)


async def test_probes_are_the_chassis_own_and_metrics_name_templates(
    client: Client, metrics: Metrics
) -> None:
    async with client.get("/readyz") as answer:
        assert answer.content_type == "application/health+json"
    for path in ("/things/7", "/things/8", "/nowhere"):
        async with client.get(path):
            pass
    text = metrics.exposition("")[0].decode()
    assert 'route="/things/{thing}"' in text
    assert "/things/7" not in text
    assert 'route="unknown"' in text
    assert "/nowhere" not in text


async def test_an_application_that_says_nothing_is_a_failure() -> None:
    vitals = Vitals("orders-1", FlakyStore())
    server = TestServer(application("orders", (), vitals, Metrics(), mounted=silent))
    async with TestClient(server) as client, client.get("/") as answer:
        assert answer.status == 500


def living(begin: Callable[[], None], seen: list[str]) -> FastAPI:
    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        begin()
        seen.append("begun")
        yield
        seen.append("ended")

    return FastAPI(lifespan=life)


async def test_its_own_life_begins_and_ends() -> None:
    seen: list[str] = []
    lifespan = Lifespan(living(lambda: None, seen))
    await lifespan.begin()
    assert seen == ["begun"]
    await lifespan.end()
    assert seen == ["begun", "ended"]


async def test_one_that_cannot_start_says_why() -> None:
    def refuse() -> None:
        raise RuntimeError("no licence")

    with pytest.raises(LifespanFailed, match="no licence"):
        await Lifespan(living(refuse, [])).begin()


@pytest.mark.parametrize("work", [silent, None])
async def test_one_without_a_life_is_fine(work: Callable[..., Awaitable[None]] | None) -> None:
    async def refusing(*_: object) -> None:
        raise AssertionError("http only")

    lifespan = Lifespan(work or refusing)
    await lifespan.begin()
    await asyncio.sleep(0)
    await lifespan.end()
