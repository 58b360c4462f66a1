"""mmdebstrap is installed once for all builders, and another apt is waited for."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from msctl.engine.images.apt import Apt, run_apt
from msctl.engine.images.bootstrap_tool import BootstrapTool
from msctl.errors import ImageError
from msctl.events import Notice, Sink
from tests.unit.engine.images.fakes import RememberingSink

HELD = (
    "E: Could not get lock {}. It is held by process 7 (unattended-upgr)\n"
    "E: Unable to acquire the dpkg frontend lock ({}), is another process using it?\n"
)
FRONTEND = "/var/lib/dpkg/lock-frontend"
LISTS = "/var/lib/apt/lists/lock"
Apts = Callable[[Sink], Apt]


class Machine:
    """Whose apt fails with the words of ``fails``, one after the other, before it works; time is its own."""

    def __init__(self, folder: Path, fails: Sequence[str] = (), *, has_package: bool = True) -> None:
        self.folder = folder
        self.fails = list(fails)
        self.has_package = has_package
        self.asked: list[str] = []
        self.now = 0.0

    def apt(self, sink: Sink) -> Apt:
        return Apt(sink, self.run, lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.asked.append(words[0])
        if self.fails:
            return subprocess.CompletedProcess(words, 100, "", self.fails.pop(0))
        if words[0] == "install" and self.has_package:
            place(self.folder, "mmdebstrap")
        return subprocess.CompletedProcess(words, 0, "done\nE: no such package\n", "")


def place(folder: Path, name: str, body: str = "exit 0") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with commands, for root; apt-get is in it."""
    place(tmp_path, "apt-get")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def notices(sink: RememberingSink) -> list[str]:
    return [event.text for event in sink.events if isinstance(event, Notice)]


def held(lock: str) -> str:
    return HELD.format(lock, lock)


def test_without_root_it_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    machine = Machine(path)
    with pytest.raises(ImageError, match="mmdebstrap, which is not installed") as caught:
        BootstrapTool(machine.apt).ensure(RememberingSink())
    assert "apt-get install mmdebstrap" in (caught.value.hint or "")
    assert machine.asked == []


def test_another_apt_is_waited_for_and_that_is_said_once(path: Path) -> None:
    machine = Machine(path, [held(LISTS), held(FRONTEND), held(FRONTEND)])
    sink = RememberingSink()
    BootstrapTool(machine.apt).ensure(sink)
    assert machine.asked == ["update"] * 4 + ["install"]
    assert notices(sink) == [
        "installing mmdebstrap with apt, to build images",
        f"waiting for another apt to end: {LISTS}. It is held by process 7 (unattended-upgr)",
    ]


def test_an_apt_that_does_not_end_is_told_after_two_minutes(path: Path) -> None:
    machine = Machine(path, [held(FRONTEND)] * 1000)
    with pytest.raises(ImageError, match="could not be installed: E: Unable to acquire the dpkg frontend"):
        BootstrapTool(machine.apt).ensure(RememberingSink())
    assert machine.now == pytest.approx(120, abs=2)


def test_any_other_failure_is_told_at_once(path: Path) -> None:
    machine = Machine(path, has_package=False)
    with pytest.raises(ImageError, match="could not be installed: E: no such package"):
        BootstrapTool(machine.apt).ensure(RememberingSink())
    assert (machine.asked, machine.now) == (["update", "install"], 0)


@pytest.mark.parametrize("has_package", [True, False])
def test_builders_side_by_side_install_it_once(path: Path, has_package: bool) -> None:
    machine = Machine(path, has_package=has_package)
    tool, sink = BootstrapTool(machine.apt), RememberingSink()
    with ThreadPoolExecutor(8) as pool:
        ended = [pool.submit(tool.ensure, sink) for _ in range(8)]
    failed = {str(one.exception()) for one in ended}
    assert failed == ({"None"} if has_package else {"mmdebstrap could not be installed: E: no such package"})
    assert machine.asked == ["update", "install"]
    assert len(notices(sink)) == 1


def test_apt_asks_nobody_and_speaks_english(path: Path) -> None:
    place(path, "apt-get", 'echo "$@" "$DEBIAN_FRONTEND" "$LC_ALL"; exit 3')
    done = run_apt(["install", "--yes", "x"])
    assert (done.returncode, done.stdout) == (3, "--quiet install --yes x noninteractive C\n")
