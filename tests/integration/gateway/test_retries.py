"""Retries, ejection and balancing: what a client does not see when an instance fails."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
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


async def resetting(talk: Talk) -> None:
    await talk.request()
    talk.reset()


CIRCUIT: dict[str, Any] = {"window": 10, "minimum_calls": 5, "wait": "60s", "half_open_calls": 2}


def test_one_bad_replica_of_three_is_ejected(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    bad = upstream(answering(500))
    front = gateway(document(bad, upstream(), upstream(), circuit=CIRCUIT, balance="round_robin"))
    assert Counter(front.get("/x").status for _ in range(60)) == {200: 60}
    assert len(bad.seen) == 3
    assert front.circuit()["state"] == "closed"
    assert [i["ejected"] for i in front.instances()].count(True) == 1


def test_writes_are_not_repeated(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = [upstream(answering(500)), upstream(resetting), upstream(answering(503))]
    front = gateway(document(*behind, circuit="off", balance="round_robin", route={"retries": 5}))
    statuses = [front.get("/x", method="POST").status for _ in range(3)]
    assert sorted(statuses) == [500, 502, 503]
    assert sum(len(one.seen) for one in behind) == 3


def test_an_idempotency_key_makes_a_write_repeatable(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = [upstream(resetting), upstream()]
    front = gateway(document(*behind, balance="round_robin"))
    with front.client() as client:
        head = "POST /x HTTP/1.1\r\nHost: g\r\nIdempotency-Key: 7\r\nContent-Length: 4\r\n\r\nbody"
        for _ in range(2):
            client.send(head.encode())
            assert client.answer().body == b"body"
    assert {seen.body for one in behind for seen in one.seen} == {b"body"}
    assert len(behind[0].seen) >= 1


def test_refused_connections_are_tried_elsewhere_even_for_writes(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    dead, alive = upstream(), upstream()
    dead.shut()
    front = gateway(document(dead, alive, circuit="off", balance="round_robin"))
    assert {front.get("/x", method="POST").status for _ in range(10)} == {200}


def test_a_large_body_is_not_repeated(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = [upstream(resetting), upstream(resetting)]
    front = gateway(document(*behind, circuit="off"))
    with front.client() as client:
        client.send(b"PUT /x HTTP/1.1\r\nHost: g\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000)
        assert client.answer().status == 502
    assert sum(len(one.seen) for one in behind) == 1


def test_hung_instances_are_retried_elsewhere_in_time(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(hanging), upstream(), balance="round_robin", route={"timeout": "4s"}))
    assert [front.get("/x").status for _ in range(4)] == [200] * 4


def test_budget_bounds_retries(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = [upstream(answering(500)) for _ in range(4)]
    front = gateway(document(*behind, circuit="off", route={"retries": 3}))
    began = time.monotonic()
    with front.client() as client:
        for _ in range(300):
            assert client.get("/x").status == 500
    seconds = time.monotonic() - began
    assert sum(len(one.seen) for one in behind) <= 300 * 1.2 + 3 * (10 + seconds) + 1


def test_answers_never_mix_over_retries(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def sometimes(talk: Talk) -> None:
        while (request := await talk.request()) is not None:
            status = 500 if (len(talk.seen) * 7919) % 3 == 0 else 200
            await talk.answer(status, f"{status} {request.target}".encode())

    front = gateway(document(*(upstream(sometimes) for _ in range(3)), circuit="off", route={"retries": 1}))
    with front.client() as client:
        for number in range(300):
            answer = client.get(f"/{number}")
            assert answer.body == f"{answer.status} /{number}".encode()


def test_a_slow_service_is_not_asked_twice(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def slow(talk: Talk) -> None:
        while await talk.request():
            await asyncio.sleep(2.0)
            await talk.answer()

    behind = [upstream(slow), upstream(slow)]
    front = gateway(document(*behind, route={"timeout": "3200ms"}))
    assert [front.get("/x").status for _ in range(3)] == [200] * 3
    assert sum(len(one.seen) for one in behind) == 4, "once is enough to learn that it is slow"
    assert [i["in_flight"] for i in front.instances()] == [0, 0]


def test_a_killed_replica_costs_no_request(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    dying, other = upstream(), upstream()
    front = gateway(document(dying, other))
    stop = threading.Event()
    statuses: Counter[int] = Counter()

    def load() -> None:
        with front.client() as client:
            while not stop.is_set():
                statuses[client.get("/x").status] += 1

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(dying.seen) > 50, "load reaches the replica")
    dying.shut()
    already = len(other.seen)
    wait_until(lambda: len(other.seen) > already + 200, "the other replica takes over")
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}


@pytest.mark.parametrize("keep", [True, False])
def test_a_dead_kept_connection_is_no_failure(
    keep: bool, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    async def once(talk: Talk) -> None:
        await talk.request()
        await talk.answer()
        if await talk.request() and not keep:
            talk.reset()

    behind = upstream(once)
    front = gateway(document(behind))
    with front.client() as client:
        for _ in range(6):
            assert client.get("/x").status == 200
            if keep:
                behind.shut()
                behind.open()
    assert front.circuit()["failure_rate"] == 0.0


def put(front: GatewayProcess, headers: str = "", method: str = "PUT") -> Answer:
    with front.client() as client:
        head = f"{method} /x HTTP/1.1\r\nHost: g\r\n{headers}Content-Length: 4\r\n\r\nbody"
        client.send(head.encode())
        return client.answer()


@pytest.mark.parametrize(("script", "status"), [(hanging, 504), (resetting, 502), (answering(500), 502)])
@pytest.mark.parametrize("key", ["", "Idempotency-Key: 7\r\n"])
def test_a_write_that_was_perhaps_done_is_never_said_to_be_undone(
    script: Script, status: int, key: str, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    dead = upstream()
    dead.shut()
    doubtful = upstream(script)
    route = {"timeout": "1s" if script is hanging else "20s", "retries": 1}
    front = gateway(document(doubtful, dead, circuit="off", balance="round_robin", route=route))
    for _ in range(4):
        answer = put(front, key, "POST" if key else "PUT")
        if answer.status != 500:
            assert answer.json()["status"] == status
            assert answer.json()["detail"].endswith("; the outcome of this write is unknown")


def test_hung_writes_are_time_outs_to_the_last(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = [upstream(hanging), upstream(hanging)]
    front = gateway(document(*behind, circuit="off", route={"timeout": "3s", "retries": 2}))
    statuses: Counter[int] = Counter()
    threads = [threading.Thread(target=lambda: statuses.update([put(front).status])) for _ in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {504: 80}
