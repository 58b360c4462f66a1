"""Routes with ``cors``, header edits and hosts, through the real process."""

from __future__ import annotations

import asyncio

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import Answer
from tests.integration.gateway.upstreams import Talk

PAGE = "Origin: https://shop.example\r\n"
STRANGER = "Origin: https://evil.example\r\n"
CORS = {"origins": ["https://shop.example"], "credentials": True, "headers": ["X-A"], "max_age": "60s"}


def allowed(answer: Answer) -> list[str]:
    return [value for name, value in answer.headers if name.lower() == "access-control-allow-origin"]


async def generous(talk: Talk) -> None:
    """A service that lets everybody in."""
    while (request := await talk.request()) is not None:
        status = 500 if request.target == "/bad" else 200
        await talk.answer(status, headers="Access-Control-Allow-Origin: *\r\nServer: x\r\n")


def test_the_document_decides_who_reads_answers(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    front = gateway(document(upstream(generous), route={"cors": CORS, "retries": 0}))
    answer = front.get("/x", PAGE)
    assert allowed(answer) == ["https://shop.example"]
    assert answer.header("Access-Control-Allow-Credentials") == "true"
    assert answer.header("Vary") == "Origin"
    assert allowed(front.get("/x", STRANGER)) == []
    assert allowed(front.get("/x")) == []


def test_a_preflight(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream(generous)
    front = gateway(document(behind, route={"cors": CORS, "methods": ["GET", "PUT"]}))
    asked = "Access-Control-Request-Method: PUT\r\n"
    answer = front.get("/x", PAGE + asked, "OPTIONS")
    assert (answer.status, allowed(answer)) == (204, ["https://shop.example"])
    assert answer.header("Access-Control-Allow-Methods") == "GET, PUT"
    assert answer.header("Access-Control-Allow-Headers") == "X-A"
    assert answer.header("Access-Control-Max-Age") == "60"
    assert allowed(front.get("/x", STRANGER + asked, "OPTIONS")) == []
    assert behind.seen == []


def test_errors_can_be_read_by_pages(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream(generous)
    route = {
        "cors": CORS,
        "methods": ["GET", "POST"],
        "rate_limit": {"requests": 5, "per": "1h"},
        "body_limit": 3,
    }
    front = gateway(document(behind, route=route))
    front.admin("POST", "/-/circuits/orders/trip?for=10m")
    answers = [
        front.get("/x", PAGE),
        front.get("/x", PAGE, "PUT"),
        front.get("/x", PAGE + "Content-Length: 9\r\n", "POST"),
        *(front.get("/x", PAGE) for _ in range(4)),
    ]
    assert [answer.status for answer in answers[:3]] == [503, 405, 413]
    assert answers[-1].status == 429
    assert {tuple(allowed(answer)) for answer in answers} == {("https://shop.example",)}


def test_header_edits(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    behind = upstream(generous)
    route = {
        "request_headers": {"set": {"X-Edge": "gateway"}, "remove": ["X-Debug"]},
        "response_headers": {"set": {"X-Frame-Options": "DENY"}, "remove": ["Server"]},
    }
    front = gateway(document(behind, route=route))
    answer = front.get("/x", "X-Debug: 1\r\nX-Edge: forged\r\n")
    assert answer.header("X-Frame-Options") == "DENY"
    assert answer.header("Server") is None
    assert behind.seen[0].one("X-Edge") == "gateway"
    assert behind.seen[0].one("X-Debug") is None


def test_hosts_tell_routes_apart(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    one, two = upstream(), upstream()
    front = gateway(
        {
            "services": {"one": {"instances": [one.address]}, "two": {"instances": [two.address]}},
            "routes": [
                {"path": "/{rest:path}", "service": "one", "hosts": ["shop.example"]},
                {"path": "/{rest:path}", "service": "two", "hosts": ["*.shop.example"]},
            ],
        }
    )
    with front.client() as client:
        for host, status in (("Shop.Example:80", 200), ("a.shop.example", 200), ("other.example", 404)):
            client.send(f"GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert client.answer().status == status
    assert (len(one.seen), len(two.seen)) == (1, 1)


def test_a_repeated_key_must_reach_the_service(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def cutting(talk: Talk) -> None:
        await talk.request()
        await asyncio.sleep(0)
        talk.reset()

    one, two = upstream(cutting), upstream(cutting)
    front = gateway(document(one, two, circuit="off"))
    cases = (("a", "", 2), ("", "", 1), ("a", "Connection: Idempotency-Key\r\n", 1))
    for key, more, expected in cases:
        before = len(one.seen) + len(two.seen)
        assert front.get("/x", f"Idempotency-Key: {key}\r\n{more}Content-Length: 0\r\n", "POST").status == 502
        assert len(one.seen) + len(two.seen) - before == expected, (key, more)
