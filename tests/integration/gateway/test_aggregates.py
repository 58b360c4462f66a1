"""Several services, one answer."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

from msctl.gateway.aggregate import MAX_PART
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import GatewayProcess, wait_until
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


ORDER = {"/orders/a%2Fb": {"sku": "W&1 x", "id": 7}}
STOCK = {"/items/W%261%20x": {"stock": 3}}
PAYMENT = {"/payments?order=a%2Fb": [1]}


def test_parts_in_parallel_and_in_sequence(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, inventory, payments = (upstream(saying(a, delay=0.15)) for a in (ORDER, STOCK, PAYMENT))
    front = gateway(overview(orders, inventory, payments))
    answer = front.get("/overview/a%2Fb", "Authorization: Bearer x\r\nCookie: secret\r\n")
    assert answer.status == 200
    assert answer.json() == {
        "order": {"sku": "W&1 x", "id": 7},
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
    front = gateway(overview(orders, upstream(saying(STOCK)), payments, timeout="3s"))
    started = time.monotonic()
    body = front.get("/overview/a%2Fb").json()
    assert body["_problems"]["payment"]["status"] == 504
    assert body["stock"] == {"stock": 3}
    assert time.monotonic() - started < 30.0, "the part stalls for a minute"
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


def test_a_broken_part_breaks_nothing_else(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, inventory, payments = upstream(saying(ORDER)), upstream(saying(STOCK)), upstream(raw(b"[" * 3000))
    front = gateway(overview(orders, inventory, payments))
    body = front.get("/overview/a%2Fb").json()
    assert body["stock"] == {"stock": 3}
    assert body["_problems"]["payment"]["type"] == "urn:msctl:problem:part-failed"
    change(payments, raw(b'{"n": NaN}'))
    assert front.get("/overview/a%2Fb").json()["_problems"]["payment"]["status"] == 502
    change(payments, raw(b"1234567890.10e-7"))
    assert b'"payment": 1234567890.10e-7' in front.get("/overview/a%2Fb").body
    for sku in ("\ud800", "/../../admin", "a/b"):
        change(orders, saying({"/orders/a%2Fb": {"sku": sku}}))
        body = front.get("/overview/a%2Fb").json()
        assert body["_problems"]["stock"]["type"] == "urn:msctl:problem:part-skipped"
        assert "{order.sku}" in body["_problems"]["stock"]["detail"]
    assert {seen.target for seen in inventory.seen} == {"/items/W%261%20x"}


def raw(body: bytes) -> Script:
    async def script(talk: Talk) -> None:
        while await talk.request():
            await talk.answer(body=body)

    return script


def change(one: Upstream, script: Script) -> None:
    one.script = script
    one.shut()
    one.open()


def test_route_settings_hold_for_aggregates(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    orders, inventory, payments = (upstream(saying(a)) for a in (ORDER, STOCK, PAYMENT))
    settings = {
        "cors": {"origins": ["https://shop.example"]},
        "response_headers": {"set": {"X-Frame-Options": "DENY"}, "remove": ["Cache-Control"]},
        "request_headers": {"set": {"X-Edge": "1"}, "remove": ["Authorization"]},
    }
    front = gateway(overview(orders, inventory, payments, **settings))
    answer = front.get("/overview/a%2Fb", "Origin: https://shop.example\r\nAuthorization: Bearer x\r\n")
    assert answer.header("Access-Control-Allow-Origin") == "https://shop.example"
    assert answer.header("X-Frame-Options") == "DENY"
    assert answer.header("Cache-Control") is None
    seen = inventory.seen[0]
    assert seen.one("X-Edge") == "1"
    assert seen.one("Authorization") is None
    assert seen.one("X-Forwarded-For") == "127.0.0.1"
    assert seen.one("Forwarded") is not None


def test_an_aggregate_that_calls_itself_ends(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    seen = upstream(saying({}))
    front = gateway({**document(seen)})
    own = {"services": {"self": {"instances": [f"127.0.0.1:{front.port}"]}}}
    part = {"call": "GET self:/round", "required": True}
    front.write({**own, "routes": [{"path": "/round", "aggregate": {"again": part}}]})
    assert front.admin("POST", "/-/reload")[0] == 200
    assert front.get("/round").status in (502, 508)
    wait_until(lambda: _rounds(front) == 2.0, "both calls are counted")


def _rounds(front: GatewayProcess) -> float:
    text = front.admin("GET", "/metrics")[1]
    counts = re.findall(r'requests_total\{[^}]*route="/round"[^}]*\} (\S+)', text)
    return sum(map(float, counts))


def test_who_was_not_asked_is_not_blamed(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def hung(talk: Talk) -> None:
        await talk.request()
        await asyncio.sleep(60)

    orders, inventory = upstream(hung), upstream(saying(STOCK))
    document = overview(orders, inventory, upstream(saying(PAYMENT)), timeout="3s", retries=0)
    document["routes"][0]["aggregate"]["order"]["required"] = False
    front = gateway(document)
    problems = front.get("/overview/a%2Fb").json()["_problems"]
    assert problems["order"]["detail"] == "Service 'orders' did not answer within 3 s"
    assert problems["stock"]["detail"] == "the part was not asked for: 'order' did not answer within 3 s"
    assert "service" not in problems["stock"]
    assert inventory.seen == []


def test_a_part_has_its_own_time_out(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def hung(talk: Talk) -> None:
        await talk.request()
        await asyncio.sleep(60)

    document = overview(
        upstream(saying(ORDER)), upstream(saying(STOCK)), upstream(hung), timeout="30s", retries=0
    )
    document["routes"][0]["aggregate"]["payment"]["timeout"] = "2s"
    body = gateway(document).get("/overview/a%2Fb").json()
    assert body["_problems"]["payment"]["detail"] == "Service 'payments' did not answer within 2 s"
    assert body["stock"] == {"stock": 3}


def test_a_part_is_bounded_in_memory(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    big = upstream(raw(b'"' + b"x" * (MAX_PART + 10) + b'"'))
    body = (
        gateway(overview(upstream(saying(ORDER)), upstream(saying(STOCK)), big)).get("/overview/a%2Fb").json()
    )
    assert body["_problems"]["payment"]["detail"] == "Service 'payments': answer too large"
    assert body["stock"] == {"stock": 3}


def test_a_required_429_says_when_to_come_again(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def limited(talk: Talk) -> None:
        while await talk.request():
            await talk.answer(429, headers="Retry-After: 7\r\n")

    answer = gateway(overview(upstream(limited), upstream(saying(STOCK)), upstream(saying(PAYMENT)))).get(
        "/overview/7"
    )
    assert (answer.status, answer.header("Retry-After")) == (429, "7")


def test_head_and_wrong_method(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(overview(upstream(saying(ORDER)), upstream(saying(STOCK)), upstream(saying(PAYMENT))))
    assert front.get("/overview/a%2Fb", method="HEAD").status == 200
    answer = front.get("/overview/7", method="DELETE")
    assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD")
