"""Body framing: the same content whatever the portions it comes in."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msctl.gateway.wire.body import ChunkedDecoder, LengthDecoder, UntilCloseDecoder, chunk, last_chunk
from msctl.gateway.wire.fields import WireError

pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


def portions(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(marks)]


@given(pieces=pieces, cuts=st.lists(st.integers(0, 1000), max_size=12), behind=st.binary(max_size=20))
def test_chunked_survives_any_portions(pieces: list[bytes], cuts: list[int], behind: bytes) -> None:
    trailers = [(b"x-sum", b"X-Sum", b"1")]
    raw = b"".join(chunk(piece) for piece in pieces) + last_chunk(trailers)
    decoder = ChunkedDecoder()
    content = b""
    rest = b""
    for portion in portions(raw, cuts):
        content += b"".join(decoder.feed(portion))
    rest = decoder.rest
    assert decoder.done
    assert decoder.end()
    assert (content, rest, decoder.trailers) == (b"".join(pieces), b"", trailers)
    whole = ChunkedDecoder()
    assert b"".join(whole.feed(raw + behind)) == content
    assert whole.rest == behind


@given(data=st.binary(max_size=300))
def test_chunked_never_crashes(data: bytes) -> None:
    decoder = ChunkedDecoder()
    with suppress(WireError):
        for byte in data:
            if decoder.done:
                break
            decoder.feed(bytes([byte]))


@pytest.mark.parametrize(
    "raw", [b"3\r\nab", b"3\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n", b"0\r\nA: b\r\n"]
)
def test_unfinished_chunks_are_not_whole(raw: bytes) -> None:
    decoder = ChunkedDecoder()
    decoder.feed(raw)
    assert not decoder.done
    assert not decoder.end()


def test_trailers_that_could_change_the_message_are_dropped() -> None:
    decoder = ChunkedDecoder()
    decoder.feed(
        b"0\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\nAuthorization: b\r\nX-A: 1\r\n\r\n"
    )
    assert decoder.trailers == [(b"x-a", b"X-A", b"1")]


def test_length_takes_exactly_its_bytes() -> None:
    decoder = LengthDecoder(4)
    assert decoder.feed(b"abc") == [b"abc"]
    assert not decoder.end()
    assert decoder.feed(b"def") == [b"d"]
    assert (decoder.done, decoder.rest) == (True, b"ef")


def test_until_close_ends_with_the_connection() -> None:
    decoder = UntilCloseDecoder()
    assert decoder.feed(b"abc") == [b"abc"]
    assert not decoder.done
    assert decoder.end()
    assert decoder.done


NEVER = ["X-Forwarded-For", "X_Forwarded_Host", "X-Real-IP", "X-Request-Id", "traceparent", "X-Timeout-Ms"]
NEVER += [
    "Proxy-Connection",
    "Proxy",
    "Access-Control-Allow-Origin",
    "Content-Length",
    "Authorization",
    "X-Named",
]


@pytest.mark.parametrize("name", NEVER)
def test_trailers_carry_nothing_that_a_head_may_not(name: str) -> None:
    decoder = ChunkedDecoder(frozenset({b"x-named"}))
    decoder.feed(b"0\r\nX-Sum: 1\r\n%b: x\r\n\r\n" % name.encode())
    assert decoder.trailers == [(b"x-sum", b"X-Sum", b"1")]
