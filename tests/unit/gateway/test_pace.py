"""A body must come at a least rate, judged by an injected clock."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from msctl.gateway.client import BODY_SECONDS, ClientConnection
from msctl.gateway.exchange import Exchange
from msctl.gateway.pace import LEAST_RATE, next_due
from msctl.gateway.request_body import RequestBody
from msctl.gateway.wire.request import RequestHead
from msctl.telemetry.trace import proceed


def lasts(size: int, every: float, patience: float = 30.0, limit: float = 1000.0) -> float:
    """How long a client is borne with that sends ``size`` bytes ``every`` so many seconds."""
    now, due = 0.0, patience
    while now + every < due and now < limit:
        now += every
        due = next_due(due, now, size, patience)
    return min(due, limit)


@pytest.mark.parametrize(
    ("size", "every", "least", "most"),
    [(1, 20.0, 30.0, 31.0), (512, 1.0, 50.0, 70.0), (2048, 1.0, 1000.0, 1000.0), (100_000, 29.0, 1000, 1000)],
)
def test_who_sends_too_slowly_is_ended(size: int, every: float, least: float, most: float) -> None:
    assert least <= lasts(size, every) <= most


def test_a_burst_earns_no_more_than_the_patience() -> None:
    assert next_due(30.0, 1.0, 10**9, 30.0) == 31.0
    assert next_due(30.0, 1.0, int(LEAST_RATE / 2), 30.0) == 30.5


class FakeTransport(asyncio.Transport):
    """Takes everything, tells nothing."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Everything is taken."""


class FakeHost:
    """Begins exchanges that never end."""

    draining = False

    def __init__(self) -> None:
        self.now = 0.0
        self.exchange: Exchange | None = None

    def clock(self) -> float:
        return self.now

    def admit(self, connection: ClientConnection) -> bool:
        return not connection.closed

    def left(self, connection: ClientConnection) -> None:
        assert connection.closed

    def begin(self, head: RequestHead, body: RequestBody | None, connection: ClientConnection) -> Exchange:
        self.exchange = Exchange(head, body, connection, proceed([], [], lambda bits: bits), self.now)
        return self.exchange

    async def serve(self, exchange: Exchange) -> None:
        assert exchange.body is not None
        await asyncio.get_running_loop().create_future()


async def trickle(host: FakeHost, begun: bool) -> RequestBody:
    connection = ClientConnection(cast("Any", host))
    connection.connection_made(FakeTransport())
    connection.data_received(b"POST / HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\n")
    assert host.exchange is not None
    body = host.exchange.body
    assert body is not None
    host.exchange.status = 200 if begun else 0
    while host.now < 5 * BODY_SECONDS and body.error is None:
        host.now += BODY_SECONDS / 3
        connection.data_received(b"a")
        connection.sweep(host.now)
    connection.connection_lost(None)
    return body


async def test_a_trickling_body_is_broken_off() -> None:
    host = FakeHost()
    body = await trickle(host, begun=False)
    assert body.error is not None
    assert (body.error.status, body.error.what) == (408, "the request body did not arrive in time")
    assert host.now <= BODY_SECONDS * 1.5


async def test_a_stream_in_both_directions_may_trickle() -> None:
    assert (await trickle(FakeHost(), begun=True)).error is None
