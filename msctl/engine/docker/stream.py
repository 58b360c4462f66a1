"""Connections to the engine that outlive a request: taken over for two-way traffic, or read until cut."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from requests import Response

from msctl.engine.docker.failures import translating
from msctl.engine.docker.frames import STDOUT, Demultiplexer
from msctl.errors import EngineError

if TYPE_CHECKING:
    from msctl.engine.docker.client import EngineClient

_PIECE = 65536
_KEPT_ERRORS = 4096


class Hijacked:
    """An HTTP connection that became a raw byte stream both ways."""

    def __init__(self, response: Response, address: str) -> None:
        self._response = response
        self._address = address
        # The buffered reader, not the socket below it: it may hold output that came with the headers.
        raw: Any = response.raw
        self._reader = raw._fp.fp
        self._socket = raw.connection.sock
        self._closed = threading.Event()

    def send(self, data: bytes) -> None:
        """Write all of ``data``."""
        with translating(self._address):
            self._socket.sendall(data)

    def end_input(self) -> None:
        """Say that nothing more will be sent; TLS cannot close one direction, so there both end."""
        if isinstance(self._socket, ssl.SSLSocket):
            self.close()
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def receive(self) -> bytes:
        """The next bytes; empty at the end or once closed."""
        try:
            with translating(self._address):
                return bytes(self._reader.read1(_PIECE))
        except (EngineError, ValueError):
            if self._closed.is_set():
                return b""
            raise

    def close(self) -> None:
        """End both directions, waking a blocked ``receive`` of another thread."""
        self._closed.set()
        cut(self._socket)
        self._response.close()


class ExecStream:
    """The port's ``Stream``: stdin and stdout of a command in a container; stderr is kept for the error."""

    def __init__(self, connection: Hijacked, command: str, ended: Callable[[], int | None]) -> None:
        self._connection = connection
        self._command = command
        self._ended = ended
        self._frames = Demultiplexer()
        self._ready: list[bytes] = []
        self._errors = b""

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to the command's stdin."""
        self._connection.send(data)

    def end_input(self) -> None:
        """Close the command's stdin and go on reading its stdout."""
        self._connection.end_input()

    def receive(self) -> bytes:
        """Next bytes of stdout; empty at its end."""
        while not self._ready:
            data = self._connection.receive()
            if not data:
                self._complain()
                return b""
            self._ready = [piece for stream, piece in self._frames.feed(data) if self._wanted(stream, piece)]
        return self._ready.pop(0)

    def exit_code(self) -> int | None:
        """The command's, which the engine knows a moment after its output ended."""
        return self._ended()

    def close(self) -> None:
        """End it."""
        self._connection.close()

    def _wanted(self, stream: int, piece: bytes) -> bool:
        if stream == STDOUT:
            return bool(piece)
        self._errors = (self._errors + piece)[-_KEPT_ERRORS:]
        return False

    def _complain(self) -> None:
        if self._errors:
            text, self._errors = self._errors.decode("utf-8", "replace").strip(), b""
            raise EngineError(f"'{self._command}' failed: {text}")


def start_exec(client: EngineClient, exec_id: str) -> Hijacked:
    """Start a prepared command and take its connection over."""
    path = f"/exec/{exec_id}/start"
    response = client.call(
        "POST", path, body={"Tty": False, "Detach": False}, stream=True, hijack=True, timeout=None
    )
    return Hijacked(response, client.address.url)


class Feed:
    """A long answer read piece by piece, which another thread can cut."""

    def __init__(self, response: Response, address: str) -> None:
        self._response = response
        self._address = address
        raw: Any = response.raw
        self._socket = raw.connection.sock
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        try:
            with translating(self._address):
                yield from self._response.iter_content(chunk_size=None)
        except EngineError:
            if not self._closed.is_set():
                raise
        finally:
            self._response.close()

    def close(self) -> None:
        """End the answer, waking whoever waits for its next piece; idempotent."""
        self._closed.set()
        cut(self._socket)


def open_feed(client: EngineClient, path: str, **query: object) -> Feed:
    """GET ``path`` as a feed."""
    response = client.call("GET", path, query=query, stream=True, timeout=None)
    return Feed(response, client.address.url)


def cut(connection: Any) -> None:
    """Shut a socket down, so that a thread blocked in reading it wakes; closing alone would not do."""
    if connection is None:
        return
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
