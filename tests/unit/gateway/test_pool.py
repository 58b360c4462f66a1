"""Connections that are kept for another request, and what is kept with them."""

from __future__ import annotations

import asyncio

from msctl.gateway.client import REMEMBERING_SECONDS
from tests.unit.gateway.in_memory import Instance, Lab, document, eventually

REQUEST = b"GET / HTTP/1.1\r\nHost: g\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def answering(instance: Instance, data: bytes) -> None:
    assert data.startswith(b"GET / ")
    instance.wire.deliver(ANSWER)


def beginning_another(instance: Instance, _data: bytes) -> None:
    instance.wire.deliver(ANSWER)
    asyncio.get_running_loop().call_soon(instance.wire.deliver, ANSWER)


async def test_a_client_that_goes_while_a_connection_proves_itself_leaves_none_behind() -> None:
    lab = Lab(answering, document(instances=1))
    first, second = lab.client(), lab.client()
    first.wire.deliver(REQUEST)
    await eventually(lambda: first.received)
    second.wire.deliver(REQUEST)
    second.connection.connection_lost(ConnectionResetError())
    await eventually(lambda: not lab.instances)
    assert lab.leaks() == []


async def test_a_connection_with_bytes_behind_its_answer_is_not_kept() -> None:
    lab = Lab(beginning_another, document(instances=1))
    for _ in range(3):
        client = lab.client()
        client.wire.deliver(REQUEST)
        await eventually(lambda c=client: c.received)  # type: ignore[misc]
    await lab.settle()
    (service,) = lab.services
    assert service.pool.idle_count(service.endpoints.all[0]) == 0


async def test_an_idle_client_s_fields_are_remembered_only_for_a_while() -> None:
    lab = Lab(answering, document(instances=1))
    client = lab.client()
    for _ in range(2):
        client.received.clear()
        client.wire.deliver(REQUEST)
        await eventually(lambda: client.received and client.connection._exchange is None)
    remembered = client.connection._reader
    client.connection.sweep(lab.gateway.clock() + REMEMBERING_SECONDS - 1.0)
    assert remembered._last is not None
    client.connection.sweep(lab.gateway.clock() + REMEMBERING_SECONDS + 1.0)
    assert remembered._last is None
    client.wire.deliver(REQUEST)
    await eventually(lambda: bytes(client.received).count(b"HTTP/1.1 200") == 2)
