"""Reaching ports of containers, by publication and through a relay of a remote engine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from msctl import labels
from msctl.engine.docker import DockerEngine, connect
from msctl.engine.port import Identity
from msctl.engine.tunnel import reach
from msctl.errors import EngineError
from msctl.model.desired import Attachment, NetworkSpec, PortBinding
from tests.integration.engine.forwarding import tcp_door
from tests.integration.engine.launching import launch

pytestmark = pytest.mark.integration

_ECHO = """
import socket, threading

def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)

server = socket.create_server(("0.0.0.0", 9000))
print("listening", flush=True)
while True:
    threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()
"""


@pytest.fixture
def remote_engine(docker_engine: DockerEngine) -> Iterator[DockerEngine]:
    """The same engine, reached by TCP."""
    if not docker_engine.address.url.startswith("unix://"):
        pytest.skip("needs an engine on a Unix socket")
    with tcp_door(docker_engine.address.url.removeprefix("unix://")) as port:
        engine = connect({"DOCKER_HOST": f"tcp://127.0.0.1:{port}"})
        yield engine
        engine.close()


@pytest.fixture
def echo(docker_engine: DockerEngine, identity: Identity, tool_image: str) -> str:
    """A container whose published port 9000 gives back what it gets."""
    docker_engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
    place = (Attachment(identity.project),)
    name = launch(
        docker_engine,
        identity,
        tool_image,
        command=("python3", "-c", _ECHO),
        attachments=place,
        ports=(PortBinding(9000),),
    )
    lines = docker_engine.logs(name, follow=True)
    assert next(lines).text == "listening"
    lines.close()
    return name


@pytest.fixture
def gateway(docker_engine: DockerEngine, identity: Identity, tool_image: str, echo: str) -> str:
    """A container with Python in the gateway's place."""
    name = labels.container(identity.project, "gateway")
    return launch(docker_engine, identity, tool_image, name=name, attachments=(Attachment(identity.project),))


def test_the_whole_engine_works_by_tcp(remote_engine: DockerEngine, docker_engine: DockerEngine) -> None:
    assert docker_engine.local
    assert not remote_engine.local


def test_a_local_engines_port_is_the_published_one(docker_engine: DockerEngine, echo: str) -> None:
    with reach(docker_engine, echo, 9000) as place:
        assert place == docker_engine.inspect(echo).ports[9000]
        assert _echoed(place, b"hello") == b"hello"


def test_a_remote_engines_port_is_reached_through_the_gateway(
    remote_engine: DockerEngine, echo: str, gateway: str
) -> None:
    with reach(remote_engine, echo, 9000) as place:
        assert place[0] == "127.0.0.1"
        assert place != remote_engine.inspect(echo).ports[9000]
        assert _echoed(place, b"hello") == b"hello"


def test_many_connections_carry_much_at_once(remote_engine: DockerEngine, echo: str, gateway: str) -> None:
    payloads = [bytes([n]) * 300_000 for n in range(4)]
    with reach(remote_engine, echo, 9000) as place, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda data: _echoed(place, data), payloads)) == payloads


def test_an_unreachable_port_closes_the_connection(
    remote_engine: DockerEngine, echo: str, gateway: str
) -> None:
    with reach(remote_engine, echo, 9001) as place:
        assert _echoed(place, b"hello") == b""


def test_leaving_the_context_ends_connections(remote_engine: DockerEngine, echo: str, gateway: str) -> None:
    with reach(remote_engine, echo, 9000) as place:
        connection = socket.create_connection(place)
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
    assert connection.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place)


def test_a_relay_that_does_not_run_is_said(
    remote_engine: DockerEngine, identity: Identity, echo: str, gateway: str
) -> None:
    remote_engine.stop_container(identity, gateway, 0)
    with pytest.raises(EngineError, match=gateway), reach(remote_engine, echo, 9000):
        pass


def _echoed(place: tuple[str, int], data: bytes) -> bytes:
    with socket.create_connection(place) as connection:
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(_send, connection, data)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
            sending.result()
        return received


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)
