"""Circuits, deadlines and limits: what a client sees when a service fails."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import Answer, GatewayProcess, wait_until
from tests.integration.gateway.upstreams import Script, Talk


def answering(status: int) -> Script:
    async def script(talk: Talk) -> None:
        while await talk.request():
            await talk.answer(status)

    return script


async def hanging(talk: Talk) -> None:
    await talk.request()
    await asyncio.sleep(600)


CIRCUIT: dict[str, Any] = {"window": 10, "minimum_calls": 5, "wait": "60s", "half_open_calls": 2}


def in_parallel(front: GatewayProcess, times: int, target: str = "/x", method: str = "GET") -> list[Answer]:
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(front.get(target, method=method)))
        for _ in range(times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_all_replicas_bad_opens_at_the_minimum_and_says_why(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    behind = [upstream(answering(500)) for _ in range(3)]
    front = gateway(document(*behind, circuit={**CIRCUIT, "wait": "5s"}, route={"retries": 0}))
    assert [front.get("/x").status for _ in range(5)] == [500] * 5
    before = sum(one.connections for one in behind)
    answer = front.get("/x")
    assert answer.status == 503
    problem = answer.json()
    assert problem["type"] == "urn:msctl:problem:circuit-open"
    told = re.fullmatch(
        r"Service 'orders' is unavailable: circuit open \(5 of 5 calls failed: answered 500\); "
        r"retry in ([1-5]) s",
        problem["detail"],
    )
    assert told, problem
    assert (problem["service"], problem["circuit"], problem["status"]) == ("orders", "open", 503)
    assert len(problem["trace_id"]) == 32
    assert answer.header("Retry-After") == told[1]
    assert sum(one.connections for one in behind) == before
    for one in behind:
        one.script = answering(200)
        one.shut()
        one.open()
    wait_until(lambda: front.get("/x").status == 200, "the circuit lets a call through")
    assert front.get("/x").status == 200
    assert front.circuit()["state"] == "closed"


def test_retry_after_and_retry_at_agree(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(), circuit={"wait": "30s"}))
    status, view = front.admin("POST", "/-/circuits/orders/trip")
    assert (status, view["state"], view["cause"]) == (200, "open", "tripped by hand")
    answer = front.get("/x")
    problem = answer.json()
    assert problem["detail"].startswith(
        "Service 'orders' is unavailable: circuit open (tripped by hand); retry in"
    )
    date = answer.header("Date")
    assert date is not None
    said = parsedate_to_datetime(date).timestamp() + int(answer.header("Retry-After") or 0)
    at = time.mktime(time.strptime(problem["retry_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert abs(said - at) <= 1
    assert front.admin("POST", "/-/circuits/orders/reset")[1]["state"] == "closed"
    assert front.get("/x").status == 200
    assert front.admin("POST", "/-/circuits/nobody/trip")[0] == 404


def test_cut_answers_and_failed_upgrades_open_the_circuit(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    async def cutting(talk: Talk) -> None:
        if await talk.request():
            await talk.send(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nabc")

    front = gateway(document(upstream(cutting), circuit=CIRCUIT))
    for _ in range(5):
        assert not front.get("/x").whole
    assert front.circuit()["cause"] == "answer cut short"
    other = gateway(document(upstream(answering(500)), circuit=CIRCUIT))
    for _ in range(5):
        other.get("/x", "Connection: Upgrade\r\nUpgrade: websocket\r\n")
    assert other.circuit()["state"] == "open"


def test_client_errors_never_open_it(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(answering(404)), circuit=CIRCUIT))
    assert {front.get("/x").status for _ in range(20)} == {404}
    assert front.circuit()["state"] == "closed"


def test_clients_that_give_up_are_not_counted(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(hanging), circuit=CIRCUIT, route={"timeout": "30s", "retries": 0}))
    for _ in range(8):
        with front.client() as client:
            client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
            wait_until(lambda: front.in_flight() == 1, "the call is under way")
        wait_until(lambda: front.in_flight() == 0, "the call is given up")
    assert (front.circuit()["state"], front.circuit()["calls"]) == ("closed", 0)
    assert [i["in_flight"] for i in front.instances()] == [0]


def test_deadline(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream(hanging)
    front = gateway(document(behind, circuit="off", route={"timeout": "3s"}))
    problem = front.get("/x").json()
    assert problem["status"] == 504
    assert problem["detail"] == "Service 'orders' did not answer within 3 s"
    told = [int(seen.one("X-Timeout-Ms") or 0) for seen in behind.seen]
    assert 1000 <= told[0] <= 3000
    write = front.get("/x", "X-Timeout-Ms: 2000\r\n", "POST").json()
    assert write["detail"] == (
        "Service 'orders' did not answer within 2 s; the outcome of this write is unknown"
    )
    assert int(behind.seen[-1].one("X-Timeout-Ms") or 0) <= 2000


def test_a_service_is_told_the_time_of_the_whole_call(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = [upstream(), upstream()]
    front = gateway(document(*behind, route={"timeout": "20s"}))
    for _ in range(6):
        assert front.get("/x").status == 200
    told = [int(seen.one("X-Timeout-Ms") or 0) for one in behind for seen in one.seen]
    assert min(told) > 15_000, "an attempt's own share is less than 11 s"
    assert max(told) <= 20_000


def test_hurried_callers_cannot_open_a_circuit(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(hanging), upstream(hanging), circuit=CIRCUIT))
    for _ in range(20):
        assert front.get("/x", "X-Timeout-Ms: 5\r\n").status == 504
    assert (front.circuit()["state"], front.circuit()["calls"]) == ("closed", 0)
    assert [i["ejected"] for i in front.instances()] == [False, False]


@pytest.fixture
def unreachable() -> Iterator[str]:
    """The address of a listener whose queue is full: nobody gets a connection, nobody is refused."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = waiting.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("milliseconds", [1, 20])
@pytest.mark.parametrize("others", [0, 1])
def test_no_connection_in_a_hurry_is_nobodys_failure(
    milliseconds: int, others: int, unreachable: str, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    front = gateway(document(*(upstream() for _ in range(others)), circuit=CIRCUIT))
    front.document["services"]["orders"]["instances"].append(unreachable)
    front.write(front.document)
    front.admin("POST", "/-/reload")
    statuses = {front.get("/x", f"X-Timeout-Ms: {milliseconds}\r\n").status for _ in range(20)}
    assert statuses <= {200, 504}
    assert front.circuit()["failure_rate"] == 0.0
    assert {i["failures_in_a_row"] for i in front.instances()} == {0}


def test_a_slow_upload_is_not_the_services_fault(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    hasty: dict[str, Any] = {"minimum_calls": 1, "window": 1, "slow_call": "1500ms"}
    front = gateway(document(upstream(), circuit=hasty, route={"timeout": "2s"}))
    for _ in range(2):
        with front.client() as client:
            client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 6\r\n\r\nabc")
            time.sleep(2.5)
            client.send(b"def")
            assert client.answer().body == b"abcdef"
    assert front.circuit()["state"] == "closed"


def test_uploads_given_up_are_not_counted(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    hasty: dict[str, Any] = {"minimum_calls": 1, "window": 1, "slow_call": "200ms"}
    front = gateway(document(upstream(), circuit=hasty))
    for end in (b"", b"nonsense\r\n"):
        with front.client() as client:
            client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            time.sleep(0.4)
            client.send(end)
        wait_until(lambda: front.in_flight() == 0, "the call is over")
    assert (front.circuit()["state"], front.circuit()["calls"]) == ("closed", 0)


def test_no_instance_is_said_at_once(gateway: MakeGateway) -> None:
    front = gateway(document(circuit="off"))
    answer = front.get("/x")
    assert (answer.status, answer.header("Retry-After")) == (503, "1")
    assert answer.json()["type"] == "urn:msctl:problem:no-instance"


def test_without_budget_an_attempt_may_use_the_whole_deadline(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    hang = threading.Event()

    async def hanging_later(talk: Talk) -> None:
        while await talk.request():
            if hang.is_set():
                await asyncio.sleep(600)
            await talk.answer()

    front = gateway(
        document(upstream(hanging_later), upstream(hanging_later), circuit="off", route={"timeout": "3s"})
    )
    assert [front.get("/x").status for _ in range(2)] == [200, 200]
    hang.set()
    started = time.monotonic()
    seconds: list[float] = []

    def one() -> None:
        front.get("/x")
        seconds.append(time.monotonic() - started)

    threads = [threading.Thread(target=one) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(seconds) > 2.95, "nobody is told of a time-out before the deadline"


def test_bulkhead(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(hanging), max_concurrent=2, circuit="off", route={"timeout": "5s"}))
    answers = Counter(answer.json()["type"].rpartition(":")[2] for answer in in_parallel(front, 5))
    assert answers == {"timeout": 2, "busy": 3}
    wait_until(lambda: front.in_flight() == 0, "no call is left over")


def test_rate_limit(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(), route={"rate_limit": {"requests": 3, "per": "60s"}}))
    answers = [front.get("/x") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].header("Retry-After") or 0) <= 20


def test_weights_split_between_services(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    old, new = upstream(), upstream()
    front = gateway(
        {
            "services": {"old": {"instances": [old.address]}, "new": {"instances": [new.address]}},
            "routes": [{"path": "/x", "services": {"old": 80, "new": 20}}],
        }
    )
    with front.client() as client:
        for _ in range(300):
            assert client.get("/x").status == 200
    assert len(old.seen) + len(new.seen) == 300
    assert 25 <= len(new.seen) <= 105


def test_a_stream_that_goes_on_closes_the_circuit(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def endless(talk: Talk) -> None:
        await talk.request()
        await talk.send(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await talk.reader.read()

    circuit = {"half_open_calls": 1, "slow_call": "2s", "wait": "100ms"}
    front = gateway(document(upstream(endless), circuit=circuit))
    front.admin("POST", "/-/circuits/orders/trip")
    streams = []

    def is_let_in() -> bool:
        streams.append(front.client())
        streams[-1].send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
        return streams[-1].until(b"\r\n").startswith(b"HTTP/1.1 200")

    wait_until(is_let_in, "the circuit lets a call try")
    wait_until(lambda: front.circuit()["state"] == "closed", "it closes while the stream goes on")
    assert front.in_flight() == 1


def test_a_window_of_time(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    circuit = {"window": "60s", "minimum_calls": 3, "wait": "60s"}
    front = gateway(document(upstream(answering(500)), route={"retries": 0}, circuit=circuit))
    assert [front.get("/x").status for _ in range(4)] == [500, 500, 500, 503]
    assert front.circuit()["state"] == "open"
