"""Tunnels over an in-memory engine whose streams are real relay processes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest

from msctl.engine.memory import MemoryEngine
from msctl.engine.port import Identity
from msctl.engine.tunnel import forward, reach
from msctl.errors import EngineError, NameConflict
from msctl.model.desired import ContainerSpec, PortBinding
from msctl.model.observed import ObservedContainer
from tests.free_port import free_port

_IDENTITY = Identity("shop", "here")


class _Process:
    """A stream to a process of this machine; it dials loopback whatever name it was given."""

    def __init__(self, command: Sequence[str]) -> None:
        self._closing = threading.Lock()
        interpreter, *options, _host, port = command
        assert interpreter == "python3"
        self._process = subprocess.Popen(
            [sys.executable, *options, "127.0.0.1", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)

    def end_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def receive(self) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(65536)
        if not data:
            self._process.stdout.close()
        return data

    def exit_code(self) -> int | None:
        return self._process.poll()

    def close(self) -> None:
        with self._closing:
            self._process.kill()
            self._process.wait()
            self.end_input()


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A loopback port that gives back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_a_local_published_port_needs_no_tunnel() -> None:
    engine = _engine(local=True)
    with reach(engine, "shop-registry", 8500) as place:
        assert place == ("127.0.0.1", 18500)


def test_a_remote_port_is_relayed_both_ways_to_the_end(echo_port: int) -> None:
    engine = _engine(local=False)
    engine.script.streams = _relay
    with (
        reach(engine, "shop-registry", echo_port) as place,
        socket.create_connection(place) as connection,
    ):
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: connection.recv(65536), b"")) == b"hello"


def test_a_port_of_our_choice_leads_to_the_container(echo_port: int) -> None:
    engine = _engine(local=True)
    engine.script.streams = _relay
    here = free_port()
    with (
        forward(engine, "shop-gateway", "shop-registry", echo_port, here=here),
        socket.create_connection(("127.0.0.1", here)) as connection,
    ):
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        assert b"".join(iter(lambda: connection.recv(65536), b"")) == b"hello"


def test_what_does_not_run_is_not_reached() -> None:
    engine, identity = MemoryEngine(), Identity("shop", "here")
    spec = ContainerSpec("shop-registry", "registry", "i", "i")
    engine.create_container(identity, spec, "h", {})
    with pytest.raises(EngineError, match="shop-registry does not run"), reach(engine, spec.name, 8500):
        pass


def test_a_relay_must_run() -> None:
    engine = _engine(local=False)
    engine.stop_container(_IDENTITY, "shop-gateway", 0)
    with pytest.raises(EngineError, match="shop-gateway"), reach(engine, "shop-registry", 8500):
        pass


def test_a_relay_that_cannot_be_started_closes_the_connection() -> None:
    engine = _engine(local=False)
    with reach(engine, "shop-registry", 8500) as place, socket.create_connection(place) as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("local", [True, False])
def test_a_foreign_container_is_not_reached(local: bool) -> None:
    engine = _engine(local=local)
    with pytest.raises(NameConflict, match="shop-registry"):
        reach(engine, "shop-registry", 8500, project="other").__enter__()


def test_a_foreign_relay_is_not_used() -> None:
    engine = _engine(local=False)
    engine.remove_container(_IDENTITY, "shop-gateway")
    _launch(engine, Identity("other", "there"), ContainerSpec("shop-gateway", "gateway", "i", "i"))
    with pytest.raises(NameConflict, match="shop-gateway"):
        reach(engine, "shop-registry", 8500, project="shop").__enter__()


def test_an_unlabelled_container_has_no_relay() -> None:
    engine = _Unlabelled(local=False)
    with pytest.raises(NameConflict, match="shop-registry"):
        reach(engine, "shop-registry", 8500).__enter__()


class _Unlabelled(MemoryEngine):
    """An engine on which somebody else's container bears the name asked for."""

    def inspect(self, name: str) -> ObservedContainer:
        return ObservedContainer("4f", name, "", None, None, "running", "", "", "i", "i")


def _relay(name: str, command: Sequence[str]) -> _Process:
    assert name == "shop-gateway"
    return _Process(command)


def _engine(*, local: bool) -> MemoryEngine:
    engine = MemoryEngine(local=local)
    ports = (PortBinding(8500, host_port=18500),)
    for spec in (
        ContainerSpec("shop-registry", "registry", "i", "i", ports=ports),
        ContainerSpec("shop-gateway", "gateway", "i", "i"),
    ):
        _launch(engine, _IDENTITY, spec)
    return engine


def _launch(engine: MemoryEngine, identity: Identity, spec: ContainerSpec) -> None:
    engine.create_container(identity, spec, "h", {})
    engine.start_container(identity, spec.name)


def _echo(server: socket.socket) -> None:
    try:
        connection, _ = server.accept()
    except OSError:
        return
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)
