"""Waiting for files to change: folders by the system's own notices, single files by looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from watchfiles import DefaultFilter, watch

_QUIET_MS = 200
_STEP_MS = 25
_LOOK_MS = 500

Wake = Literal["sources", "manifest"]


def wakes(folders: Sequence[Path], files: Sequence[Path]) -> Iterator[Wake]:
    """Tell each time that something below ``folders`` or one of ``files`` has changed, until Ctrl-C.

    An editor that saves replaces the file, which ends a watch on the file itself: so files are looked at.
    """
    before = _stamps(files)
    for changes in watch(
        *folders,
        watch_filter=DefaultFilter(),
        debounce=_QUIET_MS,
        step=_STEP_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
    ):
        now = _stamps(files)
        if now != before:
            before = now
            yield "manifest"
        elif changes:
            yield "sources"


def _stamps(files: Sequence[Path]) -> tuple[tuple[int, int] | None, ...]:
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
