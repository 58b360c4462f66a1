"""Backups: compressed dumps beside the manifest, or where the caller says."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from msctl.engine.port import Engine
from msctl.errors import UsageError
from msctl.orchestrator.databases.place import Place
from msctl.orchestrator.databases.scripts import SUFFIXES
from msctl.orchestrator.databases.transfer import dump, restore

FOLDER = "backups"


def usual_path(workspace: Path, place: Place, now: datetime) -> Path:
    """Where a backup goes unless told otherwise."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    return workspace / FOLDER / place.service / f"{stamp}.{SUFFIXES[place.engine]}.gz"


def backups(workspace: Path, service: str) -> list[Path]:
    """The usual backups of a service, oldest first."""
    return sorted((workspace / FOLDER / service).glob("*.gz"))


def chosen(workspace: Path, service: str, named: str) -> Path:
    """A backup by its path, or ``latest``."""
    if named != "latest":
        if not Path(named).is_file():
            raise UsageError(f"there is no backup {named}", "name a file, or say 'latest'")
        return Path(named)
    found = backups(workspace, service)
    if not found:
        raise UsageError(f"there is no backup of '{service}' yet", f"make one: msctl db backup {service}")
    return found[-1]


def backup(engine: Engine, place: Place, target: Path) -> int:
    """Write a compressed dump, whole or not at all, for this user alone; its size in bytes."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
            for piece in dump(engine, place):
                packed.write(piece)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target.stat().st_size


def restore_backup(engine: Engine, place: Place, source: Path) -> None:
    """Replace everything that the database holds by a backup, compressed or not."""
    with opened(source) as dumped:
        restore(engine, place, dumped)


def clone(engine: Engine, source: Place, target: Place) -> None:
    """Replace everything that one database holds by what another one does."""
    with tempfile.TemporaryFile() as between:
        for piece in dump(engine, source):
            between.write(piece)
        between.seek(0)
        restore(engine, target, between)


@contextmanager
def opened(source: Path) -> Iterator[IO[bytes]]:
    """A backup's content."""
    with source.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            if packed:
                with gzip.GzipFile(fileobj=raw) as content:
                    yield cast("IO[bytes]", content)
            else:
                yield raw
        except (gzip.BadGzipFile, EOFError) as exc:
            raise UsageError(f"{source} is damaged: {exc}", "take another backup") from exc
