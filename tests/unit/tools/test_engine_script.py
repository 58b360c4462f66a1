"""What tools/engine.sh does about an engine that does not answer, on a machine of made-up commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "tools" / "engine.sh"


class _Machine:
    """A folder with a copy of the script, whose commands come first on PATH and are remembered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"
        self.asked.touch()
        for name in ("bin", "tools", ".venv/bin"):
            (folder / name).mkdir(parents=True)
        text = _SCRIPT.read_text()
        for place in ("/var/log/dockerd.log", "/run/systemd/system"):
            assert place in text
            text = text.replace(place, str(folder / Path(place).name))
        (folder / "tools/engine.sh").write_text(text)
        self.command("bin/id", "echo 0")
        for name in ("apt-get", "dockerd"):
            self.command(f"bin/{name}", f'echo {name} >>"{self.asked}"')

    def command(self, path: str, body: str) -> None:
        """Put a shell script in place."""
        (self.folder / path).write_text(f"#!/bin/sh\n{body}\n")
        (self.folder / path).chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(self.folder / "tools/engine.sh")],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": path, "HOME": str(self.folder), **environment},
        )


@pytest.fixture
def machine(tmp_path: Path) -> _Machine:
    return _Machine(tmp_path)


def test_an_engine_that_answers_is_used(machine: _Machine) -> None:
    machine.command(".venv/bin/python", "exit 0")
    assert machine.run().returncode == 0
    assert machine.asked.read_text() == ""


def test_a_broken_python_is_not_taken_for_a_missing_engine(machine: _Machine) -> None:
    machine.command(".venv/bin/python", "echo 'ModuleNotFoundError: docker' >&2; exit 1")
    done = machine.run()
    assert done.returncode == 1
    assert "ModuleNotFoundError: docker" in done.stderr
    assert machine.asked.read_text() == ""


@pytest.mark.parametrize(
    "settings",
    [{"DOCKER_HOST": "unix:///absent.sock"}, {"DOCKER_CONTEXT": "absent"}],
)
def test_no_engine_is_started_here_when_the_settings_point_elsewhere(
    machine: _Machine, settings: dict[str, str]
) -> None:
    machine.command(".venv/bin/python", f'exec "{sys.executable}" "$@"')
    done = machine.run(**settings)
    assert done.returncode == 3
    assert "absent" in done.stderr
    assert machine.asked.read_text() == ""


def test_a_daemon_that_dies_is_reported_with_its_last_words(machine: _Machine) -> None:
    machine.command(".venv/bin/python", "echo 'error: nobody answers' >&2; exit 3")
    machine.command("bin/dockerd", "echo 'no iptables here'; exit 1")
    done = machine.run()
    assert done.returncode == 3
    assert "no iptables here" in done.stderr


def test_a_daemon_leaves_the_callers_process_group(machine: _Machine) -> None:
    group = machine.folder / "group"
    machine.command(".venv/bin/python", f'test -s "{group}" || exit 3')
    told = f'cut -d" " -f5 /proc/$$/stat >"{group}.new"; mv "{group}.new" "{group}"'
    machine.command("bin/dockerd", f"{told}; sleep 1")
    assert machine.run().returncode == 0
    assert int(group.read_text()) != os.getpgid(0)
