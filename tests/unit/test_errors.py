"""What is advised about files that cannot be used, and that the command line says it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from msctl.errors import is_full, remedy_of
from msctl.orchestrator.workspace import Workspace

MSCTL = str(Path(sys.executable).parent / "msctl")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_wants_room(number: int) -> None:
    error = OSError(number, os.strerror(number))
    assert is_full(error)
    assert "make room" in remedy_of(error)


@pytest.mark.parametrize(("number", "word"), [(errno.EROFS, "written"), (errno.EMFILE, "ulimit")])
def test_other_troubles_have_a_remedy_of_their_own(number: int, word: str) -> None:
    error = OSError(number, os.strerror(number), "/some/file")
    assert not is_full(error)
    assert word in remedy_of(error)


def test_whatever_it_is_there_is_something_to_do() -> None:
    assert remedy_of(OSError(errno.EISDIR, "Is a directory", "/some")) == "check that path"
    assert "msctl doctor" in remedy_of(OSError("nobody knows"))


@pytest.mark.parametrize("words", [["init", "file"], ["init", "file/below"]], ids=" ".join)
def test_a_path_that_cannot_be_is_told_with_its_remedy_of(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run([MSCTL, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize(("number", "word"), [(errno.ENOSPC, "make room"), (errno.EACCES, "credentials")])
def test_a_workspace_that_cannot_be_written_says_why_it_has_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, word: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(Exception, match="cannot write") as caught:
        Workspace.of(tmp_path).write("x.json", {})
    assert word in str(getattr(caught.value, "hint", None))
