"""Commands and streams in real containers."""

from __future__ import annotations

import threading

import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.docker.execution import OUTPUT_LIMIT
from msctl.engine.port import Identity
from msctl.errors import CommandTimeout, EngineError
from tests.integration.engine.launching import launch

pytestmark = pytest.mark.integration


@pytest.fixture
def tool(docker_engine: DockerEngine, identity: Identity, tool_image: str) -> str:
    return launch(docker_engine, identity, tool_image)


def test_output_and_exit_code_come_back(docker_engine: DockerEngine, tool: str) -> None:
    result = docker_engine.execute(tool, ["sh", "-c", "echo out; echo err >&2; exit 7"], timeout=30)
    assert result.exit_code == 7
    assert sorted(result.output.split()) == ["err", "out"]


def test_stdin_reaches_the_command_and_ends(docker_engine: DockerEngine, tool: str) -> None:
    text = "grüße\n" * 50_000
    result = docker_engine.execute(tool, ["cat"], timeout=30, stdin=text.encode())
    assert (result.exit_code, result.output) == (0, text)


def test_a_command_can_run_as_another_user(docker_engine: DockerEngine, tool: str) -> None:
    assert docker_engine.execute(tool, ["id", "-u"], timeout=30, user="app").output == "1234\n"


@pytest.mark.parametrize("command", [["no-such-command"], ["/etc/passwd"]])
def test_what_cannot_be_run_has_the_shells_exit_code(
    docker_engine: DockerEngine, tool: str, command: list[str]
) -> None:
    assert docker_engine.execute(tool, command, timeout=30).exit_code in (126, 127)


def test_waiting_ends_at_the_timeout(docker_engine: DockerEngine, tool: str) -> None:
    with pytest.raises(CommandTimeout, match=r"sleep 300.* 0\.3 s"):
        docker_engine.execute(tool, ["sleep", "300"], timeout=0.3)


def test_waiting_ends_although_the_command_keeps_talking(docker_engine: DockerEngine, tool: str) -> None:
    with pytest.raises(CommandTimeout):
        docker_engine.execute(tool, ["yes"], timeout=0.3)
    docker_engine.execute(tool, ["pkill", "yes"], timeout=30)


def test_output_is_bounded(docker_engine: DockerEngine, tool: str) -> None:
    result = docker_engine.execute(tool, ["head", "-c", str(3 * OUTPUT_LIMIT), "/dev/zero"], timeout=30)
    assert result.exit_code == 0
    assert OUTPUT_LIMIT < len(result.output) < OUTPUT_LIMIT + 100
    assert "cut" in result.output[-40:]


def test_a_stream_talks_both_ways(docker_engine: DockerEngine, tool: str) -> None:
    stream = docker_engine.open_stream(tool, ["cat"])
    stream.send(b"one")
    assert stream.receive() == b"one"
    stream.send(b"two")
    stream.end_input()
    assert stream.receive() == b"two"
    assert stream.receive() == b""
    stream.close()
    stream.close()


def test_a_stream_carries_bytes_unchanged(docker_engine: DockerEngine, tool: str) -> None:
    data = bytes(range(256)) * 8192
    stream = docker_engine.open_stream(tool, ["cat"])

    def send() -> None:
        stream.send(data)
        stream.end_input()

    sender = threading.Thread(target=send)
    sender.start()
    received = b"".join(iter(stream.receive, b""))
    sender.join()
    stream.close()
    assert received == data


def test_a_stream_ends_with_the_words_of_a_failed_command(docker_engine: DockerEngine, tool: str) -> None:
    stream = docker_engine.open_stream(tool, ["sh", "-c", "echo oh no >&2; exit 1"])
    with pytest.raises(EngineError, match="oh no"):
        stream.receive()
    stream.close()


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_a_stream_that_ended_knows_the_exit_code(
    docker_engine: DockerEngine, tool: str, command: str, code: int
) -> None:
    stream = docker_engine.open_stream(tool, ["sh", "-c", f"echo words; {command}"])
    assert b"".join(iter(stream.receive, b"")) == b"words\n"
    assert stream.exit_code() == code
    stream.close()


def test_a_stream_of_a_container_that_is_killed_did_not_end_well(
    docker_engine: DockerEngine, identity: Identity, tool: str
) -> None:
    stream = docker_engine.open_stream(tool, ["sh", "-c", "echo words; sleep 300"])
    assert stream.receive() == b"words\n"
    docker_engine.stop_container(identity, tool, 0)
    assert stream.receive() == b""
    assert stream.exit_code() != 0
    stream.close()


def test_closing_a_stream_wakes_its_reader(docker_engine: DockerEngine, tool: str) -> None:
    stream = docker_engine.open_stream(tool, ["sleep", "300"])
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(stream.receive()), daemon=True)
    reader.start()
    stream.close()
    reader.join(30)
    assert received == [b""]
