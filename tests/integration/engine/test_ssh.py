"""An engine behind ssh, with a command in ssh's place that stays on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from msctl.engine.docker import DockerEngine, connect
from msctl.engine.port import Identity
from msctl.errors import EngineUnavailable
from tests.integration.engine.launching import launch

pytestmark = pytest.mark.integration

_SSH = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
while [ "$1" != -- ]; do shift; done
shift 2
exec "$@"
"""


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder at the front of PATH with an ``ssh`` that runs the command here."""
    if shutil.which("docker") is None:
        pytest.skip("needs the docker command, which is what runs at the far end of ssh")
    command = tmp_path / "ssh"
    command.write_text(_SSH)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def far_engine(fake_ssh: Path) -> Iterator[DockerEngine]:
    engine = connect({"DOCKER_HOST": "ssh://ann@far.example:2222"})
    yield engine
    engine.close()


def test_the_engine_is_remote_and_answers(far_engine: DockerEngine, fake_ssh: Path) -> None:
    assert not far_engine.local
    asked = (fake_ssh / "asked").read_text().splitlines()
    assert asked[0].endswith("-l ann -p 2222 -- far.example docker system dial-stdio")


def test_commands_and_streams_pass(
    far_engine: DockerEngine, docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    name = launch(far_engine, identity, tool_image, "echo hello; sleep 600")
    assert far_engine.execute(name, ["cat"], timeout=30, stdin=b"text").output == "text"
    stream = far_engine.open_stream(name, ["cat"])
    stream.send(b"one")
    assert stream.receive() == b"one"
    stream.end_input()
    assert stream.receive() == b""
    stream.close()
    lines = far_engine.logs(name, follow=True)
    assert next(lines).text == "hello"
    lines.close()


def test_what_ssh_says_is_passed_on(fake_ssh: Path) -> None:
    (fake_ssh / "ssh").write_text("#!/bin/sh\necho 'ssh: no route to far.example' >&2\nexit 255\n")
    with pytest.raises(EngineUnavailable, match=r"ssh://far\.example.*no route to far\.example"):
        connect({"DOCKER_HOST": "ssh://far.example"})
