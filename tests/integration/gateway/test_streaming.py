"""Bodies in both directions: large, endless, early, cut."""

from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path

import pytest

from tests.integration.gateway.conftest import MakeGateway, MakeUpstream, document
from tests.integration.gateway.process import GatewayProcess, wait_until
from tests.integration.gateway.upstreams import Gate, Talk


def test_big_bodies_stream_both_ways(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    size = 32 * 2**20

    async def script(talk: Talk) -> None:
        head = await talk.head()
        assert head is not None
        digest = hashlib.sha256()
        left = size
        while left:
            piece = await talk.reader.read(min(left, 2**16))
            digest.update(piece)
            left -= len(piece)
        await talk.send(
            f"HTTP/1.1 200 X\r\nX-Hash: {digest.hexdigest()}\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        for _ in range(size // 2**16):
            await talk.send(b"b" * 2**16)

    front = gateway(document(upstream(script)))
    with front.client() as client:
        client.send(f"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // 2**16):
            client.send(b"a" * 2**16)
        answer = client.answer()
    assert answer.header("X-Hash") == hashlib.sha256(b"a" * size).hexdigest()
    assert answer.body == b"b" * size


def test_memory_stays_flat_when_nobody_reads(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.send(b"HTTP/1.1 200 X\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(10_000):
            await talk.send(b"b" * 100_000)

    behind = upstream(script)
    front = gateway(document(behind))
    statm = Path(f"/proc/{front.process.pid}/statm")
    before = int(statm.read_text().split()[1]) * 4096
    with front.client() as client:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
        client.exactly(10_000_000)
        steady: list[int] = []

        def settled() -> bool:
            steady.append(int(statm.read_text().split()[1]))
            return len(steady) > 50 and len(set(steady[-20:])) == 1

        wait_until(settled, "the gateway stops reading")
        assert int(statm.read_text().split()[1]) * 4096 - before < 20_000_000


def test_answers_do_not_pile_up_for_a_client_that_does_not_read(
    gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    front = gateway(document(upstream()))
    statm = Path(f"/proc/{front.process.pid}/statm")
    with front.client() as client:
        client.socket.settimeout(1.0)
        healthz = b"GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n" * 1000
        before = int(statm.read_text().split()[1]) * 4096
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 5000:
                client.send(healthz)
                sent += 1
        assert sent < 5000, "the gateway stops reading"
        assert int(statm.read_text().split()[1]) * 4096 - before < 20_000_000
        assert front.get("/x").status == 200
        client.socket.settimeout(20.0)
        assert {client.answer().status for _ in range(2000)} == {200}


def test_a_kept_connection_reads_on_after_a_slow_client(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def large(talk: Talk) -> None:
        while await talk.request():
            await talk.answer(200, b"b" * 3_000_000)

    front = gateway(document(upstream(large)))
    for _ in range(5):
        with front.client() as client:
            client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
            time.sleep(0.1)
            assert client.answer().whole


def test_a_broken_body_ends_an_early_answer(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def early(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nabc")
        await talk.reader.read()

    front = gateway(document(upstream(early)))
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        client.until(b"abc")
        client.send(b"nonsense\r\n")
        assert client.is_closed()
    wait_until(lambda: front.in_flight() == 0, "the call is over")
    assert front.circuit()["failure_rate"] == 0.0


def test_chunks_and_trailers_pass_both_ways(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    got: list[bytes] = []

    async def script(talk: Talk) -> None:
        await talk.head()
        got.append(await talk.reader.readuntil(b"\r\n\r\n"))
        await talk.send(
            b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nHost: a\r\n\r\n"
        )

    front = gateway(document(upstream(script)))
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"3\r\nabc\r\n0\r\nX-Check: 1\r\nContent-Length: 9\r\n\r\n")
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert client.until(b"\r\n\r\n") == b"2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"
    assert got == [b"3\r\nabc\r\n0\r\nX-Check: 1\r\n\r\n"]


def test_server_sent_events_pass_at_once(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    gate = Gate()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.send(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await gate.opened()
        await talk.send(b"data: 2\n\n")

    front = gateway(document(upstream(script), route={"timeout": "3s"}))
    with front.client() as client:
        client.send(b"GET /x HTTP/1.1\r\nHost: g\r\n\r\n")
        client.until(b"data: 1\n\n\r\n")
        time.sleep(3.2)
        gate.open()
        client.until(b"data: 2\n\n\r\n0\r\n\r\n")


def test_cut_answers_are_cut(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    heads = {
        "/length": b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nabc",
        "/chunks": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nab",
        "/broken": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    }

    async def script(talk: Talk) -> None:
        request = await talk.request()
        if request is not None:
            await talk.send(heads[request.target])

    front = gateway(document(upstream(script), circuit="off"))
    for target in heads:
        with front.client() as client:
            answer = client.get(target)
            if target == "/broken" and answer.status == 502:
                continue
            assert target == "/broken" or answer.body.startswith(b"abc")
            assert (answer.status, answer.whole) == (200, False)
            assert answer.body in (b"", b"abc", b"abcab")
            assert client.is_closed()


def test_an_old_client_sees_a_cut_as_a_reset(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    gate = Gate()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await gate.opened()

    front = gateway(document(upstream(script)))
    with front.client() as client:
        client.send(b"GET /x HTTP/1.0\r\n\r\n")
        client.until(b"abc")
        gate.open()
        with pytest.raises(ConnectionResetError):
            client.socket.recv(10)


def test_early_answers(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.reader.read(10)
        await talk.answer(413, b"enough", "Connection: close\r\n")

    front = gateway(document(upstream(script)))
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 5000000\r\n\r\n" + b"a" * 100_000)
        answer = client.answer()
        assert (answer.status, answer.body, answer.header("Connection")) == (413, b"enough", "close")
        assert client.is_closed()


@pytest.mark.parametrize("framing", ["Content-Length: 20000", "Transfer-Encoding: chunked"])
def test_early_refusals_of_an_unread_upload_pass(
    framing: str, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    page = b"n" * 20_000
    raw = b"4e20\r\n%b\r\n0\r\n\r\n" % page if "chunked" in framing else page

    async def refusing(talk: Talk) -> None:
        await talk.head()
        await talk.send(f"HTTP/1.1 413 X\r\nConnection: close\r\n{framing}\r\n\r\n".encode())
        await talk.send(raw)
        talk.writer.close()

    front = gateway(document(upstream(refusing)))
    for _ in range(20):
        assert uploaded(front, 500_000) == (413, page)
    assert (front.circuit()["state"], front.circuit()["failure_rate"]) == ("closed", 0.0)
    assert front.instances()[0]["failures_in_a_row"] == 0


def test_a_refusal_that_its_own_end_cuts_is_no_failure(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def cutting(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 401 X\r\nConnection: close\r\nContent-Length: 9\r\n\r\npart")
        talk.reset()

    front = gateway(document(upstream(cutting)))
    for _ in range(12):
        assert uploaded(front, 500_000) == (401, b"part")
    assert (front.circuit()["state"], front.circuit()["failure_rate"]) == ("closed", 0.0)


def uploaded(front: GatewayProcess, size: int) -> tuple[int, bytes]:
    """Send a body whether or not anybody reads it; returns the answer."""
    with front.client() as client:
        client.send(f"POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: {size}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            client.send(b"a" * size)
        answer = client.answer()
        return answer.status, answer.body


def test_two_way_streams(gateway: MakeGateway, upstream: MakeUpstream) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (line := await talk.reader.readuntil(b"\r\n")) != b"0\r\n":
            piece = await talk.reader.readexactly(int(line, 16) + 2)
            await talk.send(line + piece.upper())
        await talk.send(b"0\r\n\r\n")

    front = gateway(document(upstream(script)))
    with front.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.until(b"\r\n\r\n")
        for word in (b"one", b"two", b"six"):
            client.send(b"3\r\n" + word + b"\r\n")
            assert client.until(word.upper() + b"\r\n") == b"3\r\n" + word.upper() + b"\r\n"
        client.send(b"0\r\n\r\n")
        assert client.until(b"\r\n\r\n") == b"0\r\n\r\n"
