"""Several services, one answer."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream
from tests.integration.gateway.upstreams import Script, Talk, Upstream


def saying(answers: dict[str, Any], status: int = 200, delay: float = 0.0) -> Script:
    async def script(talk: Talk) -> None:
        while (request := await talk.request()) is not None:
            await asyncio.sleep(delay)
            await talk.answer(status, json.dumps(answers.get(request.target)).encode())

    return script


def overview(orders: Upstream, inventory: Upstream, payments: Upstream, **route: Any) -> dict[str, Any]:
    named = {"orders": orders, "inventory": inventory, "payments": payments}
    return {
        "services": {name: {"instances": [one.address]} for name, one in named.items()},
        "routes": [
            {
                "path": "/overview/{id}",
                "aggregate": {
                    "order": {"call": "GET orders:/orders/{id}", "required": True},
                    "stock": {"call": "GET inventory:/items/{order.sku}", "after": "order"},
                    "payment": {"call": "GET payments:/payments?order={id}", "fallback": None},
                },
                **route,
            }
        ],
    }


ORDER = {"/orders/a%2Fb": {"sku": "W/1 x", "id": 7}}
STOCK = {"/items/W%2F1%20x": {"stock": 3}}
PAYMENT = {"/payments?order=a%2Fb": [1]}


def test_parts_in_parallel_and_in_sequence(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, inventory, payments = (upstream(saying(a, delay=0.15)) for a in (ORDER, STOCK, PAYMENT))
    front = gateway(overview(orders, inventory, payments))
    answer = front.get("/overview/a%2Fb", "Authorization: Bearer x\r\nCookie: secret\r\n")
    assert answer.status == 200
    assert answer.json() == {
        "order": {"sku": "W/1 x", "id": 7},
        "stock": {"stock": 3},
        "payment": [1],
        "_complete": True,
    }
    seen = inventory.seen[0]
    assert seen.one("Authorization") == "Bearer x"
    assert seen.one("Cookie") is None
    assert seen.one("traceparent") is not None


def test_missing_parts_are_named(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, inventory, payments = (upstream(saying(ORDER)), upstream(saying({}, 500)), upstream())
    payments.shut()
    front = gateway(overview(orders, inventory, payments, retries=0))
    answer = front.get("/overview/a%2Fb")
    assert answer.status == 200
    body = answer.json()
    assert (body["stock"], body["payment"], body["_complete"]) == (None, None, False)
    assert body["_problems"]["stock"]["detail"] == "Service 'inventory' answered 500"
    assert body["_problems"]["payment"]["type"] == "urn:msctl:problem:unreachable"
    assert "127.0.0.1" not in answer.body.decode()


def test_a_required_part_decides(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, slow = upstream(saying({}, 404)), upstream(saying({}, delay=1.5))
    front = gateway(overview(orders, upstream(saying(STOCK)), slow))
    answer = front.get("/overview/7")
    assert (answer.status, answer.json()["status"], answer.json()["part"]) == (404, 404, "order")
    orders.script = saying({}, 500)
    orders.shut()
    orders.open()
    answer = front.get("/overview/7")
    assert (answer.status, answer.json()["type"]) == (502, "urn:msctl:problem:part-failed")


def test_a_part_that_lacks_its_field_is_skipped(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, inventory = upstream(saying({"/orders/7": {"sku": ".."}})), upstream(saying(STOCK))
    front = gateway(overview(orders, inventory, upstream(saying({}))))
    body = front.get("/overview/7").json()
    assert body["_problems"]["stock"]["type"] == "urn:msctl:problem:part-skipped"
    assert inventory.seen == []


def test_the_deadline_bounds_the_whole(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def stalling(talk: Talk) -> None:
        await talk.request()
        await talk.send(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{")
        await asyncio.sleep(60)

    orders, payments = upstream(saying(ORDER)), upstream(stalling)
    front = gateway(overview(orders, upstream(saying(STOCK)), payments, timeout="500ms"))
    started = time.monotonic()
    body = front.get("/overview/a%2Fb").json()
    assert body["_problems"]["payment"]["status"] == 504
    assert body["stock"] == {"stock": 3}
    assert time.monotonic() - started < 5.0
    assert front.circuit("payments")["failure_rate"] == 1.0


def test_a_broken_part_opens_only_its_own_circuit(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(
        overview(upstream(saying(ORDER)), upstream(saying({}, 500)), upstream(saying(PAYMENT)), retries=0)
    )
    for _ in range(12):
        body = front.get("/overview/a%2Fb").json()
    assert body["_problems"]["stock"]["circuit"] == "open"
    assert body["payment"] == [1]
    states = [front.circuit(name)["state"] for name in ("orders", "inventory", "payments")]
    assert states == ["closed", "open", "closed"]


def test_no_json_is_a_problem(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(overview(upstream(saying(ORDER)), upstream(), upstream(saying(PAYMENT))))
    body = front.get("/overview/a%2Fb").json()
    assert body["_problems"]["stock"]["detail"] == "Service 'inventory' answered no JSON"


def test_head_and_wrong_method(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(overview(upstream(saying(ORDER)), upstream(saying(STOCK)), upstream(saying(PAYMENT))))
    assert front.get("/overview/a%2Fb", method="HEAD").status == 200
    answer = front.get("/overview/7", method="DELETE")
    assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD")
