"""A service's build context: which files go, their hash, and the tar file that carries them."""

from __future__ import annotations

import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import IO

from docker.utils import exclude_paths

from msctl.engine.images.local_files import using_files
from msctl.engine.images.recipe import digest
from msctl.errors import ImageError

DOCKERFILE = "Dockerfile"
_UNREADABLE = "the build context cannot be read"
_UNPACKABLE = "the build context cannot be packed"
_NEVER_WANTED = (
    ".git",
    ".msctl",
    ".venv",
    "**/__pycache__",
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.ruff_cache",
)


@dataclass(frozen=True, slots=True)
class Context:
    """Paths below ``folder`` that are sent, with forward slashes, sorted."""

    folder: Path
    names: tuple[str, ...]

    @property
    @using_files(_UNREADABLE)
    def dockerfile(self) -> str:
        """Text of its Dockerfile."""
        return (self.folder / DOCKERFILE).read_text(encoding="utf-8", errors="replace")

    @using_files(_UNREADABLE)
    def hash(self) -> str:
        """Hash of names, kinds, contents and executable bits; times and owners do not count."""
        return digest(*(part for name in self.names for part in (name, *_identity(self.folder / name))))

    @using_files(_UNREADABLE)
    def identities(self) -> Mapping[str, str]:
        """By path, a digest of kind, content and executable bits."""
        return {name: digest(*_identity(self.folder / name)) for name in self.names}

    def tar(self, names: Sequence[str] | None = None, time: int = 0) -> IO[bytes]:
        """The context, or some of its paths, as an open tar file whose entries bear ``time``.

        Equal contexts give equal bytes, so the engine's cache is hit.
        """
        with ExitStack() as opened, using_files(_UNPACKABLE, Path(tempfile.gettempdir())):
            target = opened.enter_context(tempfile.TemporaryFile())
            with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for name in self.names if names is None else names:
                    archive.add(self.folder / name, name, recursive=False, filter=partial(_anonymous, time))
            target.seek(0)
            opened.pop_all()  # the caller closes it
            return target


@using_files(_UNREADABLE)
def read_context(folder: Path) -> Context:
    """The context of a folder, its ``.dockerignore`` honoured; raises ``ImageError`` without a Dockerfile."""
    if not (folder / DOCKERFILE).is_file():
        raise ImageError(f"{folder} has no {DOCKERFILE}", "write one, or name an image instead of build")
    names = exclude_paths(str(folder), [*_NEVER_WANTED, *_ignored(folder)], DOCKERFILE)
    sendable = (name for name in names if _is_sendable(folder / name))
    return Context(folder, tuple(sorted(Path(name).as_posix() for name in sendable)))


def _ignored(folder: Path) -> Sequence[str]:
    path = folder / ".dockerignore"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []
    except UnicodeDecodeError as error:
        raise ImageError(
            f"{path} is not UTF-8: {error.reason} at byte {error.start}", "save the file as UTF-8"
        ) from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _is_sendable(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)


def _identity(path: Path) -> Iterator[str]:
    if path.is_symlink():
        yield from ("link", str(path.readlink()))
    elif path.is_dir():
        yield "folder"
    else:
        with path.open("rb") as handle:
            yield from (f"file {path.stat().st_mode & 0o111:o}", file_digest(handle, "sha256").hexdigest())


def _anonymous(time: int, entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.mtime = time
    entry.uname = entry.gname = ""
    entry.mode = (entry.mode & 0o111) | 0o644 if entry.isfile() else 0o755
    return entry
