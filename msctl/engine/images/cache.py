"""The cache folder of this user, locks that keep builders apart, and what killed builders left in it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msctl.engine.images.local_files import using_files
from msctl.errors import ImageError

_LEFTOVERS = ("stage-*", "root-*", "apt-*.conf", "*.partial")


def cache_place(environ: Mapping[str, str]) -> Path | None:
    """msctl's folder below ``XDG_CACHE_HOME``, be it there or not; ``None`` for a user without a home."""
    home = Path(environ.get("XDG_CACHE_HOME") or "")
    if not home.is_absolute():  # the XDG specification has relative ones ignored
        try:
            home = Path(environ.get("HOME") or Path.home()) / ".cache"
        except RuntimeError:
            return None
    return home / "msctl"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The same, made private to the user; raises ``ImageError``."""
    folder = cache_place(environ)
    if folder is None:
        raise ImageError("this user has no home folder", "set HOME, or XDG_CACHE_HOME, to a folder of yours")
    with using_files("the cache folder cannot be made", folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock ``name``; waits while another thread or process holds it."""
    with (folder / f"{name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def building(folder: Path) -> Iterator[None]:
    """Be one of the cache's builders; the first to come removes what killed ones left, logins among it."""
    with (folder / "builders.lock").open("a") as handle:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sweep(folder)
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def _sweep(folder: Path) -> None:
    for pattern in _LEFTOVERS:
        for path in folder.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
