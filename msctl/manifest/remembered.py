"""A manifest that was read is not read again while all that its reading rests on is the same.

To read one takes longer than to carry out most commands: the libraries that check it have to be loaded.
So what came out is kept in a folder of the user's. It rests on the bytes of the files, on the kinds of the
files they name, on variables that were not set, and on the code that read it. What took a value from the
environment is not kept: it may be a secret.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msctl
from msctl.manifest import disk, source
from msctl.manifest.loaded import Loaded

_CODE = (".", "manifest", "manifest/document", "manifest/rules", "model")
_FOLDER = "manifests"
_DIGEST = 32
_MOST = 64
"""Manifests that are remembered; of more, those that were read last."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What came out, and what it rests on beside the files' bytes and the code."""

    loaded: Loaded
    kinds: dict[Path, int | None]
    unset: tuple[str, ...]

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Whether it would come out again."""
        return not any(name in environment for name in self.unset) and all(
            disk.kind(path) == kind for path, kind in self.kinds.items()
        )


class _Variables(Mapping[str, str]):
    """The environment; remembers what was asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.unset: set[str] = set()
        self.used = False

    def __getitem__(self, name: str) -> str:
        try:
            value = self._environment[name]
        except KeyError:
            self.unset.add(name)
            raise
        self.used = True
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


def load(path: Path, environment: Mapping[str, str], overlay: Path | None, cache: Path | None) -> Loaded:
    """As ``loading.load``; ``cache`` is a folder that only this user can write to, if there is one."""
    text, over = source.read(path), source.read(overlay) if overlay else None
    folder = path.resolve().parent
    names = (folder, path.name, overlay or "")
    kept = cache and cache / _FOLDER / hashlib.sha256(repr(names).encode()).hexdigest()[:_DIGEST]
    rests_on = (_code(), text.name, text.revision, over and (over.name, over.revision))
    key = hashlib.sha256(repr(rests_on).encode()).digest()
    found = _recall(kept, key) if kept else None
    if found is not None and found.holds(environment):
        return found.loaded

    from msctl.manifest.loading import validate  # noqa: PLC0415 - what is to be saved

    variables, place = _Variables(environment), disk.Disk(folder)
    loaded = validate(text, variables, place, over)
    if kept and not variables.used:
        _keep(kept, key, _Reading(loaded, place.seen, tuple(variables.unset)))
    return loaded


def _code() -> tuple[object, ...]:
    """What tells one msctl from another, an edited one too."""
    package = Path(msctl.__file__).parent
    files = sorted(
        (entry.path, entry.stat().st_mtime_ns, entry.stat().st_size)
        for folder in _CODE
        for entry in os.scandir(package / folder)
        if entry.name.endswith(".py")
    )
    return (msctl.__version__, sys.version, files)


def _recall(kept: Path, key: bytes) -> _Reading | None:
    """What was kept under ``key``; only a whole file that this user wrote is believed."""
    try:
        with kept.open("rb") as file:
            ours = os.fstat(file.fileno()).st_uid == os.geteuid()
            data = file.read()
    except OSError:
        return None
    found, digest, pickled = data[:_DIGEST], data[_DIGEST : 2 * _DIGEST], data[2 * _DIGEST :]
    if not ours or found != key or digest != hashlib.sha256(pickled).digest():
        return None
    reading = pickle.loads(pickled)  # noqa: S301 - our own file, as we wrote it
    return reading if isinstance(reading, _Reading) else None


def _keep(kept: Path, key: bytes, reading: _Reading) -> None:
    """Replace what was kept, in one step; without room for it the next command reads again."""
    pickled = pickle.dumps(reading)
    with suppress(OSError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=kept.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(key + hashlib.sha256(pickled).digest() + pickled)
            Path(name).replace(kept)
        finally:
            Path(name).unlink(missing_ok=True)
        by_age = sorted(kept.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in by_age[:-_MOST]:
            path.unlink(missing_ok=True)
