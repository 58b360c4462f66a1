"""Time limits against slow clients and services, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from msctl.gateway import client as client_side
from msctl.gateway.answer_heads import AnswerFrame
from msctl.gateway.client import ClientConnection
from msctl.gateway.client_ports import Host
from msctl.gateway.exchange import Exchange
from msctl.gateway.relay import STALL_SECONDS, Relay
from msctl.gateway.request_body import RequestBody
from msctl.gateway.upstream import UpstreamConnection
from msctl.gateway.wire.fields import WireError
from msctl.gateway.wire.request import RequestHead
from msctl.telemetry.trace import proceed

LONG = 3600.0
"""Longer than any limit."""


class Wire(asyncio.Transport):
    """A client's socket that records how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = ""

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def can_write_eof(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("192.0.2.1", 1) if name == "peername" else default

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


class Process:
    """The process around a connection; exchanges never end by themselves."""

    draining = False

    def __init__(self) -> None:
        self.now = 100.0
        self.exchange: Exchange | None = None
        self.refused: list[WireError] = []

    def clock(self) -> float:
        return self.now

    def admit(self, _connection: ClientConnection) -> bool:
        return True

    def left(self, _connection: ClientConnection) -> None: ...

    def begin(self, head: RequestHead, body: RequestBody | None, connection: ClientConnection) -> Exchange:
        trace = proceed([], [], lambda _width: 1)
        self.exchange = Exchange(head, body, connection, trace, self.now)
        return self.exchange

    async def serve(self, _exchange: Exchange) -> None:
        await asyncio.Event().wait()

    def reject(self, _connection: ClientConnection, error: WireError) -> None:
        self.refused.append(error)


def connected() -> tuple[ClientConnection, Wire, Process]:
    process, wire = Process(), Wire()
    connection = ClientConnection(cast("Host", process))
    connection.connection_made(wire)
    return connection, wire, process


def in_loop(test: Callable[[], None]) -> None:
    async def run() -> None:
        test()

    asyncio.run(run())


@pytest.mark.parametrize(("seconds", "ended"), [(client_side.IDLE_SECONDS - 1, ""), (LONG, "closed")])
def test_an_idle_connection_is_closed(seconds: float, ended: str) -> None:
    def test() -> None:
        connection, wire, process = connected()
        connection.sweep(process.now + seconds)
        assert wire.ended == ended

    in_loop(test)


def test_a_client_that_does_not_read_is_cut() -> None:
    def test() -> None:
        connection, wire, process = connected()
        connection.pause_writing()
        connection.sweep(process.now + 1)
        assert wire.ended == ""
        connection.sweep(process.now + client_side.WRITE_SECONDS + 1)
        assert wire.ended == "aborted"

    in_loop(test)


def test_a_head_that_does_not_come_is_refused() -> None:
    def test() -> None:
        connection, _, process = connected()
        connection.data_received(b"GET /x HTTP/1.1\r\nHos")
        connection.sweep(process.now + 1)
        assert process.refused == []
        connection.sweep(process.now + LONG)
        assert [error.status for error in process.refused] == [408]

    in_loop(test)


def test_a_body_that_does_not_come_is_broken_off() -> None:
    def test() -> None:
        connection, _, process = connected()
        connection.data_received(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 9\r\n\r\nab")
        assert process.exchange is not None
        body = process.exchange.body
        assert body is not None
        connection.sweep(process.now + 1)
        assert body.error is None
        connection.sweep(process.now + LONG)
        assert body.error is not None
        assert body.error.status == 408

    in_loop(test)


class Silent:
    """An instance that stops in the middle of its answer."""

    last_byte = 100.0
    aborted = False

    def stream(self, sink: Relay) -> None:
        sink.body(b"some")

    def read(self, _reading: bool) -> None: ...

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize("may_be_silent", [False, True])
def test_an_answer_that_stalls_is_cut(may_be_silent: bool) -> None:
    async def test() -> None:
        connection, _, process = connected()
        head = RequestHead("GET", "/", "/", "", 1, cast("Any", None), "", None, False, True, False, False)
        exchange, upstream = process.begin(head, None, connection), Silent()
        frame = AnswerFrame(9, False, False)
        relay = Relay(exchange, connection, cast("UpstreamConnection", upstream), frame, may_be_silent)
        task = asyncio.create_task(relay.run(b"head"))
        await asyncio.sleep(0)
        connection.sweep(100.0 + STALL_SECONDS - 1)
        assert relay.cut is None
        connection.sweep(100.0 + STALL_SECONDS + 1)
        assert relay.cut == (None if may_be_silent else "answer stalled")
        assert upstream.aborted is not may_be_silent
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(test())
