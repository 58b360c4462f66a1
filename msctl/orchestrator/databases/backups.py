"""Backups: compressed dumps beside the manifest, or where the caller says."""

from __future__ import annotations

import fcntl
import gzip
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from msctl.engine.port import Engine
from msctl.errors import UsageError
from msctl.orchestrator.databases.place import Place
from msctl.orchestrator.databases.scripts import SUFFIXES
from msctl.orchestrator.databases.transfer import dump

FOLDER = "backups"
UNFINISHED = ".msctl-backup."
"""Begins the names of files that are written right now, or were left by a killed command."""

REPLACED = ".before-restore"
"""In the name of a backup of what a restore was about to replace."""


def usual_path(workspace: Path, place: Place, now: datetime, mark: str = "") -> Path:
    """Where a backup goes unless told otherwise; ``mark`` says what it was made for."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    return workspace / FOLDER / place.service / f"{stamp}{mark}.{SUFFIXES[place.engine]}.gz"


def backups(workspace: Path, service: str) -> list[Path]:
    """The usual backups of a service, oldest first."""
    return sorted((workspace / FOLDER / service).glob("*.gz"))


def chosen(workspace: Path, service: str, named: str) -> Path:
    """A backup by its path, or ``latest``: the last of a state that was wanted."""
    if named != "latest":
        if not Path(named).is_file():
            raise UsageError(f"there is no backup {named}", "name a file, or say 'latest'")
        return Path(named)
    found = [path for path in backups(workspace, service) if REPLACED not in path.name]
    if not found:
        raise UsageError(
            f"there is no backup of '{service}' yet", f"make one with 'msctl db backup {service}'"
        )
    return found[-1]


def backup(engine: Engine, place: Place, target: Path) -> int:
    """Write a compressed dump, whole or not at all, for this user alone; its size in bytes."""
    if target.is_dir():
        raise UsageError(f"{target} is a folder", "name the file that the backup is to be")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(target.parent)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as raw:
            fcntl.flock(raw, fcntl.LOCK_EX)
            with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                for piece in dump(engine, place):
                    packed.write(piece)
            raw.flush()
            os.fsync(raw.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target.stat().st_size


def _sweep(folder: Path) -> None:
    """Remove what killed commands left: nobody holds its lock."""
    for path in folder.glob(f"{UNFINISHED}*"):
        with path.open("rb") as left:
            try:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)


@contextmanager
def opened(source: Path) -> Iterator[IO[bytes]]:
    """A backup's content, compressed or not."""
    with source.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            if packed:
                with gzip.GzipFile(fileobj=raw) as content:
                    yield cast("IO[bytes]", content)
            else:
                yield raw
        except (gzip.BadGzipFile, EOFError, zlib.error) as exc:
            raise UsageError(f"{source} is damaged: {exc}", "name another backup") from exc
