"""Waiting for files to change: folders by the system's own notices, single files by looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from watchfiles import DefaultFilter, watch

from msctl.errors import MsctlError

_QUIET_MS = 200
_STEP_MS = 25
_LOOK_MS = 500

Wake = Literal["begun", "sources", "manifest"]

Stamps: TypeAlias = Mapping[Path, tuple[int, int] | None]
"""By file, when it was last changed and its size; nothing for one that is not there."""


def wakes(folders: Sequence[Path], before: Stamps) -> Iterator[Wake]:
    """Tell each time that something below ``folders`` or a file of ``before`` has changed.

    It ends where a folder goes or comes, since a watch stays with the folder that it began with.
    It says once that the watch has ``begun``: nobody told what changed in the folders until then.
    An editor that saves replaces the file, which ends a watch on the file itself: so files are looked at.
    """
    begun: Wake | None = "begun"
    there = _identities(folders)
    for changed in _looks([folder for folder in folders if there[folder] is not None]):
        now = stamps(tuple(before))
        if now != before:
            before = now
            yield "manifest"
        elif _identities(folders) != there:
            return
        elif wake := "sources" if changed else begun:
            yield wake
        begun = None


def stamps(files: Sequence[Path]) -> Stamps:
    """The files as they are now."""
    return {path: _stamp(path) for path in files}


def _looks(folders: Sequence[Path]) -> Iterator[bool]:
    """Every now and then, and at once if it is so, whether something below ``folders`` has changed."""
    try:
        for changes in watch(
            *folders,
            watch_filter=DefaultFilter(),
            debounce=_QUIET_MS,
            step=_STEP_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
        ):
            yield bool(changes)
    except RuntimeError as exc:
        raise MsctlError(
            f"the sources cannot be watched: {exc}",
            "give files names in UTF-8, then begin another 'msctl dev'",
        ) from exc


def _identities(folders: Sequence[Path]) -> Mapping[Path, tuple[int, int] | None]:
    """Which folders are there, known by device and number."""
    return {folder: _identity(folder) for folder in folders}


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
