"""Frames cut anywhere, lines cut by the engine."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from msctl.engine.docker.frames import STDERR, STDOUT, Demultiplexer, LineAssembler, optional_time

_FRAMES = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=50)), max_size=8)


@given(_FRAMES, st.integers(1, 20))
def test_frames_survive_any_cutting(frames: list[tuple[int, bytes]], size: int) -> None:
    data = b"".join(struct.pack(">BxxxL", stream, len(payload)) + payload for stream, payload in frames)
    demultiplexer = Demultiplexer()
    pieces = [data[n : n + size] for n in range(0, len(data), size)]
    assert [frame for piece in pieces for frame in demultiplexer.feed(piece)] == frames


def test_a_line_in_pieces_has_the_time_of_its_first() -> None:
    lines = LineAssembler("c")
    assert lines.add(STDOUT, b"2024-01-02T03:04:05.123456789Z one ") is None
    other = lines.add(STDERR, b"2024-01-02T03:04:06Z error\r\n")
    whole = lines.add(STDOUT, b"2024-01-02T03:04:07Z two\n")
    assert other is not None
    assert (other.stream, other.text) == ("stderr", "error")
    assert whole is not None
    assert (whole.container, whole.stream, whole.text) == ("c", "stdout", "one two")
    assert whole.time == datetime(2024, 1, 2, 3, 4, 5, 123456, UTC)
    assert list(lines.rest()) == []


def test_what_has_no_newline_is_given_at_the_end() -> None:
    lines = LineAssembler("c")
    assert lines.add(STDOUT, b"2024-01-02T03:04:05Z half") is None
    assert [line.text for line in lines.rest()] == ["half"]


def test_empty_lines_and_bad_bytes_are_lines_too() -> None:
    lines = LineAssembler("c")
    empty = lines.add(STDOUT, b"2024-01-02T03:04:05Z \n")
    odd = lines.add(STDOUT, b"2024-01-02T03:04:05Z \xff\n")
    assert empty is not None
    assert empty.text == ""
    assert odd is not None
    assert odd.text == "\ufffd"


def test_never_is_no_time() -> None:
    assert optional_time("0001-01-01T00:00:00Z") is None
    assert optional_time(None) is None
    assert optional_time("2024-01-02T03:04:05Z") == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
