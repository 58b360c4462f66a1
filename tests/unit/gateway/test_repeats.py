"""The same head again on one connection: read once, and treated as if it had come for the first time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from msctl.gateway.loader import parse
from tests.unit.gateway.in_memory import Client, Instance, Lab, document, eventually

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PLAIN = b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n"


class Answered:
    """A lab whose instances answer at once; ``seen`` are the requests that they got."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.seen: list[bytes] = []
        self.lab = Lab(self._answer, wanted)
        self.client: Client = self.lab.client()

    def _answer(self, instance: Instance, data: bytes) -> None:
        self.seen.append(data)
        instance.wire.deliver(ANSWER)

    async def ask(self, request: bytes) -> bytes:
        """The answer to one request."""
        self.client.received.clear()
        self.client.wire.deliver(request)
        await eventually(lambda: self.client.received and self.client.connection._errand is None)
        await asyncio.sleep(0.01)
        return bytes(self.client.received)


async def test_every_hop_is_counted_from_what_the_client_said() -> None:
    place = Answered(document())
    for _ in range(3):
        await place.ask(b"OPTIONS /x HTTP/1.1\r\nHost: g\r\nMax-Forwards: 5\r\n\r\n")
    assert [b"Max-Forwards: 4\r\n" in request for request in place.seen] == [True] * 3


async def test_ids_are_new_each_time() -> None:
    place = Answered(document())
    for _ in range(3):
        await place.ask(PLAIN)
    lines = [request.split(b"\r\n") for request in place.seen]
    for name in (b"traceparent: ", b"X-Request-Id: "):
        assert len({line for request in lines for line in request if line.startswith(name)}) == 3


async def test_a_new_document_holds_from_the_next_request_on() -> None:
    old = document()
    place = Answered(old)
    assert (await place.ask(PLAIN)).startswith(b"HTTP/1.1 200 ")
    routes = [{"path": "/other", "service": "orders"}]
    config = parse(json.dumps({"listen": "127.0.0.1:1", "access_log": 0, **old, "routes": routes}))
    place.lab.gateway.reconfigure(config, 10)
    assert (await place.ask(PLAIN)).startswith(b"HTTP/1.1 404 ")


async def test_rates_count_every_request() -> None:
    wanted = document()
    wanted["routes"][0]["rate_limit"] = {"requests": 2, "per": "1m"}
    place = Answered(wanted)
    statuses = [(await place.ask(PLAIN))[9:12] for _ in range(4)]
    assert statuses == [b"200", b"200", b"429", b"429"]


async def test_methods_and_versions_are_told_apart() -> None:
    place = Answered(document())
    for first in (b"GET /x HTTP/1.1", b"HEAD /x HTTP/1.1", b"GET /x HTTP/1.1", b"GET /y HTTP/1.1"):
        assert (await place.ask(first + b"\r\nHost: g\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    firsts = [request.partition(b" HTTP")[0] for request in place.seen]
    assert firsts == [b"GET /x", b"HEAD /x", b"GET /x", b"GET /y"]
