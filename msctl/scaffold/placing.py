"""Putting files in place: all of them or none, and never over anything that is there."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msctl.errors import MsctlError, UsageError
from msctl.scaffold.rendering import Rendered


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other command is adding to the manifest in ``folder``."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def placed(target: Path, files: Mapping[str, Rendered]) -> Iterator[None]:
    """The new folder ``target`` with ``files`` in it; gone again if the block fails."""
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already, and nothing is overwritten", "choose another name")
    made = _make_parents(target.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
            fresh = Path(temporary) / target.name
            fresh.mkdir(mode=0o755)
            write_all(fresh, files)
            fresh.rename(target)
        try:
            yield
        except BaseException:
            shutil.rmtree(target)
            raise
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):  # somebody else put something into it meanwhile
                folder.rmdir()
        raise


def write_all(folder: Path, files: Mapping[str, Rendered]) -> None:
    """Write files below ``folder``, with the folders they need."""
    for name, rendered in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rendered.content)
        path.chmod(0o755 if rendered.executable else 0o644)


def read(path: Path) -> str:
    """A file's text with its own line ends."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def create(path: Path, rendered: Rendered) -> None:
    """Write a file that must not exist yet; it is whole or not there."""
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already, and nothing is overwritten", "choose another name"
        ) from error
    try:
        with file:
            file.write(rendered.content)
    except BaseException:
        path.unlink()
        raise


def replace(path: Path, before: str, text: str) -> None:
    """Write ``text`` over a file that still holds ``before``: readers see the old or the new."""
    if read(path) != before:
        raise MsctlError(f"{path.name} was changed meanwhile; nothing was written", "run the command again")
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as fresh:
            fresh.write(text)
            fresh.flush()
            os.fsync(fresh.fileno())
        shutil.copymode(target, name)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _make_parents(folder: Path) -> list[Path]:
    """Make ``folder``; those that did not exist before, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return list(reversed(missing))
