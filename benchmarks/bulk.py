"""One big body through a proxy, down or up: seconds for it and the most memory the proxy had meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.proxies import Running

SIZE = 2**30
_PIECE = 2**18


@dataclass(frozen=True)
class Moved:
    """``rate`` in MiB/s, ``grown`` is how many MiB more than before the proxy had at most."""

    rate: float
    grown: float


@contextmanager
def store() -> Iterator[int]:
    """A server that sends ``SIZE`` bytes for a GET and swallows the body of anything else; gives its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket) -> None:
    try:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()
    except OSError:
        return


def _serve(connection: socket.socket) -> None:
    with connection:
        while head := _head(connection):
            text, _, early = head.partition(b"\r\n\r\n")
            if text.startswith(b"GET"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
                _send(connection)
            else:
                _swallow(connection, SIZE - len(early))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def down(target: Running) -> Moved:
    """Fetch the big body."""
    return _timed(target, b"GET /big HTTP/1.1\r\nHost: g\r\n\r\n", _fetch)


def up(target: Running) -> Moved:
    """Send it."""
    head = b"POST /big HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n" % SIZE
    return _timed(target, head, _deliver)


def _timed(target: Running, head: bytes, move: Callable[[socket.socket], None]) -> Moved:
    memory = [target.memory()]
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(target, memory, over))
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        watch.start()
        started = time.perf_counter()
        connection.sendall(head)
        move(connection)
        seconds = time.perf_counter() - started
    over.set()
    watch.join()
    return Moved(SIZE / 2**20 / seconds, max(memory) - memory[0])


def _watch(target: Running, memory: list[float], over: threading.Event) -> None:
    while not over.wait(0.02):
        memory.append(target.memory())


def _fetch(connection: socket.socket) -> None:
    head = _head(connection)
    _swallow(connection, SIZE - len(head.partition(b"\r\n\r\n")[2]))


def _deliver(connection: socket.socket) -> None:
    _send(connection)
    head = _head(connection)
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the upload was answered {head!r}")


def _head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    return data


def _send(connection: socket.socket) -> None:
    piece = bytes(_PIECE)
    for _ in range(SIZE // _PIECE):
        connection.sendall(piece)


def _swallow(connection: socket.socket, size: int) -> None:
    buffer = bytearray(_PIECE)
    while size > 0:
        got = connection.recv_into(buffer, min(size, _PIECE))
        if not got:
            raise RuntimeError("the body was cut short")
        size -= got
