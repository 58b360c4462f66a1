"""Requests and answers that arrive in portions, cut at every byte."""

from __future__ import annotations

import asyncio
import re

import pytest

from msctl.gateway.errand import as_task
from msctl.gateway.upstream import UpstreamConnection
from msctl.resilience.endpoints import Endpoint
from tests.integration.gateway.raw_cases import CASES, Case
from tests.unit.gateway.in_memory import Client, Instance, Lab, document, eventually

PLAIN = b"GET /plain HTTP/1.1\r\nHost: g\r\nX-A: 1\r\n\r\n"
SIZED = b"POST /sized HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT /chunked HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"
)
HEAD = b"HEAD /head HTTP/1.1\r\nHost: g\r\n\r\n"
OLD = b"GET /older HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
OWN = b"GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n"
BLANK = b"\r\n" + PLAIN
PIPELINE = PLAIN + SIZED + OWN + CHUNKED + HEAD + PLAIN

ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nX-B: 2\r\nContent-Length: 5\r\n\r\n/%b",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n/%b\r\n0\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early\r\nX-E: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n/%b",
}

HEAD_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def complete(buffer: bytes) -> int:
    """The length of the first whole request in ``buffer``, 0 without one."""
    head, found, body = buffer.partition(b"\r\n\r\n")
    if not found:
        return 0
    size = len(head) + 4
    if match := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        size += int(match[1])
    elif b"transfer-encoding" in head.lower():
        end = re.search(rb"(?:^|\r\n)0\r\n(?:[^\r]+\r\n)*\r\n", body)
        size = 0 if end is None else size + end.end()
    return size if 0 < size <= len(buffer) else 0


def answering(form: str, cut: int | None = None) -> Lab:
    """A lab whose instances answer with the target's first letters, in two portions cut at ``cut``."""

    def behave(instance: Instance, _data: bytes) -> None:
        while size := complete(instance.buffer):
            request, instance.buffer = instance.buffer[:size], instance.buffer[size:]
            method, target = request.split(b" ")[:2]
            answer = HEAD_ANSWER if method == b"HEAD" else ANSWERS[form] % target[1:5]
            at = len(answer) if cut is None else cut % len(answer)
            instance.wire.deliver(answer[:at])
            asyncio.get_running_loop().call_soon(instance.wire.deliver, answer[at:])

    return Lab(behave, document())


async def answered(client: Client, answers: int) -> None:
    """Wait for so many good answers and for the end of the last exchange."""
    await eventually(lambda: client.received.count(b"HTTP/1.1 2") == answers)
    await eventually(lambda: client.connection._errand is None)


async def exchanged(lab: Lab, portions: list[bytes], answers: int) -> bytes:
    """What a client gets that sends these portions, one in each turn of the loop."""
    client = lab.client()
    for portion in portions:
        client.wire.deliver(portion)
        await asyncio.sleep(0)
    await answered(client, answers)
    client.wire.end()
    await lab.settle()
    assert lab.leaks() == []
    varying = rb"(?im)^(x-request-id|date|traceparent): [^\r]*"
    return re.sub(varying, rb"\1: ?", bytes(client.received))


@pytest.mark.parametrize(
    ("request_", "answers"),
    [(PLAIN, 1), (SIZED, 1), (CHUNKED, 1), (HEAD, 1), (OLD, 1), (BLANK, 1), (PIPELINE, 6)],
)
async def test_a_request_cut_anywhere_is_the_same_request(request_: bytes, answers: int) -> None:
    whole = await exchanged(answering("length"), [request_], answers)
    assert whole.count(b"HTTP/1.1 2") == answers
    for cut in range(1, len(request_)):
        assert await exchanged(answering("length"), [request_[:cut], request_[cut:]], answers) == whole, cut
    single = [request_[index : index + 1] for index in range(len(request_))]
    assert await exchanged(answering("length"), single, answers) == whole


@pytest.mark.parametrize("form", list(ANSWERS))
async def test_an_answer_cut_anywhere_is_the_same_answer(form: str) -> None:
    requests = PLAIN + SIZED + HEAD + PLAIN
    whole = _unframed(await exchanged(answering(form), [requests], 4))
    assert list(re.findall(rb"/(\w{4})", whole)) == [b"plai", b"size", b"plai"]
    for cut in range(1, len(ANSWERS[form]) + 2):
        assert _unframed(await exchanged(answering(form, cut), [requests], 4)) == whole, cut


def _unframed(answers: bytes) -> bytes:
    """Answers without chunk sizes, which may differ with the portions that a body came in."""
    return re.sub(rb"\r\n(?:[1-9a-f]\r\n|0\r\n\r\n|(?=/)|(?=\w+\r\n))", b"", answers)


async def test_an_answer_before_its_request_belongs_to_nobody() -> None:
    """Bytes that wait on a kept connection when the next request is about to be sent are not its answer."""

    def behave(instance: Instance, _data: bytes) -> None:
        while size := complete(instance.buffer):
            instance.buffer = instance.buffer[size:]
            instance.wire.deliver(ANSWERS["length"] % b"mine")

    lab = Lab(behave, document(instances=1))
    client = lab.client()
    for turn in (1, 2):
        client.wire.deliver(PLAIN)
        await answered(client, turn)
    kept = lab.instances[0]
    kept.wire.get_write_buffer_size = lambda: 10_000  # type: ignore[method-assign]
    client.wire.deliver(PLAIN)
    kept.wire.deliver(ANSWERS["length"] % b"them")
    await answered(client, 3)
    assert client.received.count(b"/mine") == 3
    assert b"/them" not in client.received
    client.wire.end()
    await lab.settle()
    assert lab.leaks() == []


async def test_nothing_may_come_behind_the_first_answer() -> None:
    """A second answer that comes a moment later is found out before the connection serves another request."""

    def behave(instance: Instance, _data: bytes) -> None:
        while size := complete(instance.buffer):
            instance.buffer = instance.buffer[size:]
            instance.wire.deliver(ANSWERS["length"] % b"mine")
            asyncio.get_running_loop().call_later(0.001, instance.wire.deliver, ANSWERS["length"] % b"them")

    lab = Lab(behave, document(instances=1))
    client = lab.client()
    for turn in range(1, 6):
        client.wire.deliver(PLAIN)
        await answered(client, turn)
    assert client.received.count(b"/mine") == 5
    assert b"/them" not in client.received
    client.wire.end()
    await lab.settle()
    assert lab.leaks() == []


def boundaries(raw: bytes) -> range:
    """Every byte boundary; of a long message about a hundred."""
    return range(1, len(raw), 1 + len(raw) // 150)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_must_be_refused_is_refused_wherever_it_is_cut(case: Case) -> None:
    whole: list[bytes] = []

    def behave(instance: Instance, _data: bytes) -> None:
        whole.extend([instance.buffer] if complete(instance.buffer) else [])

    lab = Lab(behave, document())
    for cut in boundaries(case.raw):
        client = lab.client()
        client.wire.deliver(case.raw[:cut])
        await asyncio.sleep(0)
        client.wire.deliver(case.raw[cut:])
        await eventually(lambda client=client: client.wire.shut)  # type: ignore[misc]
        assert client.received.startswith(b"HTTP/1.1 %d " % case.status), (cut, bytes(client.received))
        assert client.received.count(b"\r\n\r\n{") == 1
        client.wire.end()
    await lab.settle()
    assert whole == []
    assert lab.leaks() == []


async def test_a_body_waits_outside_while_there_is_no_connection() -> None:
    """However much comes with the head, no more is read before an instance takes it."""
    lab = Lab(lambda _instance, _data: None, document())
    connected, connect = asyncio.Event(), lab.services[0].pool.connect

    async def late(endpoint: Endpoint, seconds: float) -> UpstreamConnection:
        await as_task()
        await connected.wait()
        return await connect(endpoint, seconds)

    lab.services[0].pool.connect = late  # type: ignore[method-assign]
    client = lab.client()
    client.wire.deliver(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 900000\r\n\r\n" + b"a" * 300_000)
    client.wire.deliver(b"a" * 300_000)
    await eventually(lambda: sum(map(len, client.wire._waiting)) == 300_000)
    for _ in range(20):
        await asyncio.sleep(0)
    assert sum(map(len, client.wire._waiting)) == 300_000
    connected.set()
    await eventually(lambda: not client.wire._waiting)
    client.wire.deliver(b"a" * 300_000)
    await eventually(lambda: lab.instances and len(lab.instances[0].buffer) > 900_000)
    client.wire.end()
    await lab.settle()
    assert lab.leaks() == []
