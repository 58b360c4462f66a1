"""The folder beside the manifest: private, written whole, locked by one command at a time."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from msctl.errors import Locked, MsctlError
from msctl.orchestrator.workspace import Workspace

FILE = "credentials.json"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.of(tmp_path)


def test_folder_and_files_are_private_under_any_umask(workspace: Workspace) -> None:
    before = os.umask(0)
    try:
        workspace.write(FILE, {"a": "b"})
        with workspace.lock("up"):
            found = {path.name: path.stat().st_mode & 0o777 for path in workspace.folder.iterdir()}
    finally:
        os.umask(before)
    assert workspace.folder.stat().st_mode & 0o777 == 0o700
    assert found == {FILE: 0o600, "lock": 0o600, ".gitignore": 0o600}


def test_a_folder_that_was_open_is_closed(workspace: Workspace) -> None:
    workspace.folder.mkdir(mode=0o755)
    workspace.prepare()
    assert workspace.folder.stat().st_mode & 0o777 == 0o700


def test_git_ignores_it(workspace: Workspace) -> None:
    workspace.prepare()
    assert (workspace.folder / ".gitignore").read_text() == "*\n"


def test_what_was_written_is_read(workspace: Workspace) -> None:
    assert workspace.read(FILE) == {}
    workspace.write(FILE, {"b": "2", "a": "1"})
    assert workspace.read(FILE) == {"a": "1", "b": "2"}
    workspace.forget(FILE)
    workspace.forget(FILE)
    assert workspace.read(FILE) == {}


def test_a_full_disk_leaves_the_old_file_whole(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.write(FILE, {"a": "1"})
    before = sorted(workspace.folder.iterdir())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MsctlError, match="No space left"):
        workspace.write(FILE, {"a": "2"})
    assert workspace.read(FILE) == {"a": "1"}
    assert sorted(workspace.folder.iterdir()) == before


def test_a_write_that_the_system_cuts_short_leaves_the_old_file_whole(workspace: Workspace) -> None:
    workspace.write(FILE, {"a": "1"})
    done = run(
        workspace,
        f"""
        import resource
        from msctl.errors import MsctlError
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        try:
            workspace.write("{FILE}", {{"a": "x" * 4096}})
        except MsctlError as error:
            print(error.message)
        """,
    )
    assert "cannot write" in done.stdout
    assert workspace.read(FILE) == {"a": "1"}


def test_a_process_killed_while_writing_leaves_the_old_file_whole(workspace: Workspace) -> None:
    workspace.write(FILE, {"a": "1"})
    done = run(
        workspace,
        f"""
        import os, signal
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        workspace.write("{FILE}", {{"a": "2"}})
        """,
    )
    assert done.returncode == -signal.SIGKILL
    assert workspace.read(FILE) == {"a": "1"}
    workspace.write(FILE, {"a": "3"})
    assert workspace.read(FILE) == {"a": "3"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', "null", "\xff\x00", "[" * 100_000])
def test_a_corrupt_file_is_told_by_name_and_with_what_to_do(workspace: Workspace, text: str) -> None:
    workspace.prepare()
    path = workspace.folder / FILE
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MsctlError) as caught:
        workspace.read(FILE)
    assert str(path) in caught.value.message
    assert "remove the file" in (caught.value.hint or "")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / ".msctl").write_text("in the way")
    with pytest.raises(MsctlError, match="cannot write"):
        Workspace.of(tmp_path).prepare()


def test_the_second_command_is_told_who_holds_the_lock(workspace: Workspace) -> None:
    with hold(workspace) as holder, pytest.raises(Locked) as caught, workspace.lock("down"):
        pass
    assert f"msctl up (pid {holder.pid})" in caught.value.message
    assert caught.value.exit_code == 1


def test_a_lock_ends_with_its_command(workspace: Workspace) -> None:
    for _ in range(2):
        with workspace.lock("up"):
            pass


def test_a_lock_held_by_a_killed_process_is_free(workspace: Workspace) -> None:
    with hold(workspace) as holder:
        holder.kill()
        holder.wait()
    assert re.search(r"pid \d+", (workspace.folder / "lock").read_text())
    with workspace.lock("up"):
        assert str(os.getpid()) in (workspace.folder / "lock").read_text()


def test_checkouts_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = Workspace.of(tmp_path), Workspace.of(tmp_path / "other")
    assert one.origin != other.origin
    assert one.origin == Workspace.of(tmp_path / "other" / "..").origin


PREAMBLE = """
from pathlib import Path
from msctl.orchestrator.workspace import Workspace
workspace = Workspace(Path({folder!r}))
"""


class hold:  # noqa: N801
    """Another process that holds the lock until it is ended."""

    def __init__(self, workspace: Workspace) -> None:
        script = program(
            workspace,
            """
            import sys
            with workspace.lock("up"):
                print("held", flush=True)
                sys.stdin.read()
            """,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def __enter__(self) -> subprocess.Popen[str]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


def run(workspace: Workspace, text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program(workspace, text)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def program(workspace: Workspace, text: str) -> str:
    return PREAMBLE.format(folder=str(workspace.folder)) + textwrap.dedent(text)
