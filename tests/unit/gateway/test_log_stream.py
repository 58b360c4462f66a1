"""Logging never harms serving: nobody reads, nothing can be written."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from msctl.gateway.log_stream import LogStream

LINE = "x" * 999 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            continue


def read(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := os.read(descriptor, size - len(data))):
        data += piece
    return data


def test_lines_come_out_whole_and_in_order(pipe: tuple[int, int]) -> None:
    stream = LogStream(pipe[1])
    for number in range(1000):
        stream.write(f"{number}\n")
    expected = "".join(f"{number}\n" for number in range(1000)).encode()
    assert read(pipe[0], len(expected)) == expected
    stream.close(10.0)
    assert (stream.dropped, stream.failures) == (0, 0)


def test_an_unread_pipe_blocks_nobody_and_drops_what_is_too_much(pipe: tuple[int, int]) -> None:
    stream = LogStream(pipe[1], most_bytes=10_000)
    written = threading.Event()

    def write() -> None:
        for _ in range(1000):
            stream.write(LINE)
        written.set()

    threading.Thread(target=write, daemon=True).start()
    assert written.wait(30.0), "a write waited for the reader"
    assert stream.dropped >= 1000 - 10 - 1 - 65536 // len(LINE) - 1
    dropped = stream.dropped
    assert len(read(pipe[0], (1000 - dropped) * len(LINE))) == (1000 - dropped) * len(LINE)
    stream.close(10.0)


def test_a_failed_write_is_counted_and_tried_again(pipe: tuple[int, int]) -> None:
    saved = os.dup(pipe[1])
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, pipe[1])
    os.close(full)
    stream = LogStream(pipe[1], retry=0.01)
    stream.write("kept\n")
    failed = threading.Event()

    def watch() -> None:
        while stream.failures < 2:
            pass
        failed.set()

    threading.Thread(target=watch, daemon=True).start()
    assert failed.wait(30.0)
    os.dup2(saved, pipe[1])
    os.close(saved)
    assert read(pipe[0], 5) == b"kept\n"
    stream.close(10.0)


def test_the_end_does_not_wait_for_a_reader(pipe: tuple[int, int]) -> None:
    stream = LogStream(pipe[1])
    for _ in range(200):
        stream.write(LINE)
    ending = threading.Thread(target=stream.close, args=(0.01,), daemon=True)
    ending.start()
    ending.join(30.0)
    assert not ending.is_alive()
    os.set_blocking(pipe[0], True)
    read(pipe[0], 200 * len(LINE))
    stream.close(10.0)
