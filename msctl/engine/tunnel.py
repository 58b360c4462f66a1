"""Reaching a port of the platform from the caller's machine, wherever the engine is."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from ipaddress import ip_address
from typing import TYPE_CHECKING

from msctl import labels
from msctl.errors import ContainerDown, EngineError, NameConflict

if TYPE_CHECKING:
    from msctl.engine.port import Engine, Stream
    from msctl.model.observed import ObservedContainer

_LOOPBACK = "127.0.0.1"
_PIECE = 65536
_PATIENCE = 5.0
_REMEDY = "start the project with 'msctl up'"


@contextmanager
def reach(
    engine: Engine, container: str, port: int, via: str | None = None, *, project: str | None = None
) -> Iterator[tuple[str, int]]:
    """Host and port under which ``port`` of ``container`` answers on this machine while the context lasts.

    With a local engine that is the port it publishes. With a remote one (or an unpublished port) it is a
    listener of ours, each of whose connections goes through a relay run in ``via``: a running container
    with Python that shares a network with ``container``, by default the gateway of its project.
    Raises ``NameConflict`` when ``container`` or that gateway is not the ``project``'s, ``ObjectMissing``
    when one of them is not there, ``ContainerDown`` when one does not run.
    """
    found = engine.inspect(container)
    if project is not None:
        _require_owner(found, project)
    if found.state != "running":
        raise ContainerDown(f"{container} does not run: it is {found.state}", _REMEDY)
    published = found.ports.get(port)
    if published is not None and engine.local:
        yield _dialled(published[0]), published[1]
        return
    relay = via or _gateway_of(engine, found)
    if engine.inspect(relay).state != "running":
        raise ContainerDown(f"{container} is reached through {relay}, which does not run", _REMEDY)
    with _Listener(engine, relay, container, port) as listener:
        yield _LOOPBACK, listener.port


@contextmanager
def forward(engine: Engine, relay: str, container: str, port: int, *, here: int) -> Iterator[None]:
    """For the block, port ``here`` of this machine's loopback leads to ``port`` of ``container``.

    Each connection goes through ``relay``, as with ``reach``, and looks ``container`` up anew by its name, so
    that it may be made anew meanwhile. Raises ``OSError`` when ``here`` is taken.
    """
    with _Listener(engine, relay, container, port, here):
        yield


def _gateway_of(engine: Engine, container: ObservedContainer) -> str:
    project = container.labels.get(labels.PROJECT)
    if project is None:
        raise _foreign(container)
    name = labels.container(project, "gateway")
    _require_owner(engine.inspect(name), project)
    return name


def _require_owner(container: ObservedContainer, project: str) -> None:
    if container.labels.get(labels.PROJECT) != project:
        raise _foreign(container)


def _foreign(container: ObservedContainer) -> NameConflict:
    return NameConflict(
        f"container '{container.name}' ({container.id[:12]}) is not this project's; it was left untouched",
        hint="remove or rename it, or choose another project name in msctl.yaml",
    )


def relay_command(host: str, port: int) -> tuple[str, ...]:
    """The command that joins its stdin and stdout to ``host:port``, for any container with Python."""
    source = resources.files("msctl.engine").joinpath("relay.py").read_text("utf-8")
    return ("python3", "-E", "-S", "-c", source, host, str(port))


class _Listener:
    """Accepts on loopback and gives every connection a stream of its own."""

    def __init__(self, engine: Engine, relay: str, container: str, port: int, here: int = 0) -> None:
        self._engine = engine
        self._relay = relay
        self._command = relay_command(container, port)
        self._server = socket.create_server((_LOOPBACK, here))
        self._open: set[Stream | socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> _Listener:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            remaining = list(self._open)
            threads = list(self._threads)
        _cut(self._server)
        self._server.close()
        for end in remaining:
            _end(end)
        for thread in threads:
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._threads = [t for t in self._threads if t.is_alive()] + [thread]
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(EngineError, OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = self._engine.open_stream(self._relay, self._command)
            if not self._remember(connection, stream):
                stream.close()
                return
            try:
                threading.Thread(target=_upload, args=(connection, stream), daemon=True).start()
                while data := stream.receive():
                    connection.sendall(data)
            finally:
                stream.close()
                _cut(connection)
                self._forget(connection, stream)

    def _remember(self, *ends: Stream | socket.socket) -> bool:
        with self._lock:
            self._open.update(ends)
            return not self._closed

    def _forget(self, *ends: Stream | socket.socket) -> None:
        with self._lock:
            self._open.difference_update(ends)


def _upload(connection: socket.socket, stream: Stream) -> None:
    try:
        while data := connection.recv(_PIECE):
            stream.send(data)
        stream.end_input()
    except (EngineError, OSError):
        stream.close()


def _end(end: Stream | socket.socket) -> None:
    if isinstance(end, socket.socket):
        _cut(end)
    else:
        end.close()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _dialled(address: str) -> str:
    return _LOOPBACK if not address or ip_address(address).is_unspecified else address
