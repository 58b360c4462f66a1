"""Locks that keep two commands on one project apart."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from msctl.errors import Locked, MsctlError


@contextmanager
def locked(path: Path, command: str) -> Iterator[None]:
    """Hold the lock of file ``path``; raises ``Locked`` with the holder's pid and command.

    The kernel releases it when the holder dies, so no lock is ever stale.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise MsctlError(
            f"cannot open {path}: {exc.strerror}", "let it be written to: msctl keeps locks there"
        ) from exc
    with os.fdopen(descriptor, "r+") as file:
        _take(file, path)
        file.truncate(0)
        file.write(f"msctl {command} (pid {os.getpid()})\n")
        file.flush()
        yield


def _take(file: TextIO, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise Locked(
            f"another msctl command is working on this project: {file.read().strip() or 'unknown'}",
            "wait for it to end, then run the command again",
        ) from exc
    except OSError as exc:
        raise MsctlError(f"cannot lock {path}: {exc.strerror}", "its file system must support locks") from exc
