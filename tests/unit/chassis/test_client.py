"""Calls to another service: instances, circuit, retries and deadlines, over loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from msctl.chassis import context
from msctl.chassis.callee import Callee, circuit_document
from msctl.chassis.client import CallFailed, Client
from msctl.resilience.endpoints import Address


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Instance:
    """A server that answers ``status``, or never."""

    status: int = 200
    hangs: bool = False
    requests: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(dict(request.headers))
        if self.hangs:
            await asyncio.Event().wait()
        return web.json_response({"path": request.path_qs}, status=self.status)


class Bench:
    """A client of the service 'stock' with some instances."""

    def __init__(self, session: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        self.outcomes: list[str] = []
        self.clock = Clock()
        self._stack = stack
        self.callee = Callee("stock", self.clock, lambda: 0.0)
        self.client = Client(
            self.callee, lambda: session, lambda _, outcome: self.outcomes.append(outcome), self.clock
        )

    async def start(self, *instances: Instance) -> None:
        addresses = []
        for number, instance in enumerate(instances):
            app = web.Application()
            app.router.add_route("*", "/{rest:.*}", instance.answer)
            server = await self._stack.enter_async_context(TestServer(app))
            addresses.append(Address(f"stock-{number}", "127.0.0.1", int(server.port or 0)))
        self.callee.use(addresses)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with aiohttp.ClientSession() as session, AsyncExitStack() as stack:
        yield Bench(session, stack)


async def test_an_answer_is_its_status_and_json(bench: Bench) -> None:
    await bench.start(Instance())
    answer = await bench.client.get("/items?a=1")
    assert (answer.status, answer.body) == (200, {"path": "/items?a=1"})


async def test_a_client_error_is_an_answer_and_no_failure(bench: Bench) -> None:
    await bench.start(Instance(status=409))
    for _ in range(30):
        assert (await bench.client.post("/reservations", {})).status == 409
    assert bench.callee.breaker.view().tally.failed == 0


async def test_trace_and_remaining_time_go_along(bench: Bench) -> None:
    instance = Instance()
    await bench.start(instance)
    work = context.received([f"00-{'a' * 32}-{'b' * 16}-01"], ["x=1"], "1500")
    with context.working(work):
        await bench.client.get("/")
    headers = instance.requests[0]
    assert headers["traceparent"].startswith(f"00-{'a' * 32}-")
    assert "b" * 16 not in headers["traceparent"]
    assert headers["tracestate"] == "x=1"
    assert 0 < int(headers["X-Timeout-Ms"]) <= 1500


async def test_a_failure_is_retried_on_another_instance(bench: Bench) -> None:
    bad, good = Instance(status=503), Instance()
    await bench.start(bad, good)
    answers = [(await bench.client.get("/")).status for _ in range(6)]
    assert answers == [200] * 6
    assert bad.requests
    assert bench.callee.breaker.view().tally.failed == 0


async def test_a_write_is_only_retried_with_a_key(bench: Bench) -> None:
    await bench.start(Instance(status=503), Instance(status=503))
    with pytest.raises(CallFailed):
        await bench.client.post("/", {})
    assert bench.outcomes == ["503"]
    with pytest.raises(CallFailed):
        await bench.client.post("/", {}, key="k1")
    assert bench.outcomes == ["503"] * 3


async def test_a_write_that_reached_nobody_is_made_elsewhere(bench: Bench) -> None:
    good = Instance()
    await bench.start(good)
    here = bench.callee.endpoints.all[0].address
    bench.callee.use([Address("gone", "127.0.0.1", 9), here])
    answers = [(await bench.client.post("/", {})).status for _ in range(6)]
    assert answers == [200] * 6
    assert "connection refused" in bench.outcomes


async def test_a_machine_that_takes_no_connection_is_named_within_the_caller_s_time(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as clients:
        address = deaf.getsockname()
        for _ in range(8):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        bench.callee.use([Address("deaf", *address)])
        with context.working(context.received([], [], "2000")), pytest.raises(CallFailed) as failed:
            await bench.client.post("/", {})
    assert (failed.value.status, failed.value.cause) == (503, "no connection in time")


async def test_no_instance_fails_at_once(bench: Bench) -> None:
    bench.callee.use([])
    with pytest.raises(CallFailed, match="no passing instance") as failed:
        await bench.client.get("/")
    assert failed.value.status == 503


async def test_a_refused_connection_says_so(bench: Bench) -> None:
    bench.callee.use([Address("gone", "127.0.0.1", 9)])
    with pytest.raises(CallFailed, match="connection refused"):
        await bench.client.get("/")


async def test_a_hanging_instance_costs_no_more_than_the_time_left(bench: Bench) -> None:
    await bench.start(Instance(hangs=True))
    with context.working(context.received([], [], "30")), pytest.raises(CallFailed) as failed:
        await bench.client.post("/", {})
    assert (failed.value.status, failed.value.cause) == (504, "time-out")


async def test_ten_failures_open_the_circuit_and_time_closes_it(bench: Bench) -> None:
    instance = Instance(status=500)
    await bench.start(instance)
    for _ in range(10):
        with pytest.raises(CallFailed):
            await bench.client.post("/", {})
    with pytest.raises(CallFailed) as refused:
        await bench.client.post("/", {})
    assert len(instance.requests) == 10
    assert refused.value.message == (
        "Service 'stock' is unavailable: circuit open (10 of 10 calls failed: status 500); retry in 5 s"
    )
    assert refused.value.retry_after == 5
    instance.status = 200
    bench.clock.now += 5.0
    for _ in range(3):
        await bench.client.post("/", {})
    assert bench.callee.breaker.state.value == "closed"


def test_a_circuit_is_shown_as_status_wants_it() -> None:
    callee = Callee("stock", lambda: 100.0, lambda: 0.0)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    closed = {
        "caller": "orders", "callee": "stock", "state": "closed", "failure_rate": 0.0, "calls": 0,
        "cause": None, "retry_at": None,
    }  # fmt: skip
    assert circuit_document("orders", callee, now) == closed
    callee.breaker.trip(7.2)
    shown = circuit_document("orders", callee, now)
    assert (shown["state"], shown["retry_at"]) == ("open", "2026-01-02T00:00:08Z")


def test_dns_stands_for_the_instances_that_the_registry_has_not_named_yet() -> None:
    endpoint = Callee("stock", lambda: 0.0, lambda: 0.0).pick([])
    assert endpoint is not None
    assert (endpoint.address.host, endpoint.address.port) == ("stock.service.consul", 8000)
