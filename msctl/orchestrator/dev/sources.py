"""What changed in a service's folder, and whether copying it is as good as building its image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from msctl.engine.images.service_context import DOCKERFILE, read_context

Snapshot = Mapping[str, str]
"""By path in the build context, a digest of kind and content."""

_CONTINUED = re.compile(r"\\\s*\n")
_WRITING = ("ADD", "COPY", "RUN")
_WHOLE = ({".", "./"}, {".", "./"})
_BUILD_FILES = (DOCKERFILE, ".dockerignore")


@dataclass(frozen=True, slots=True)
class Change:
    """Paths that are new or other than before, and paths that are gone."""

    written: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.written, *self.gone)

    def after(self, earlier: Change, now: Snapshot) -> Change:
        """This change and an earlier one, as a single change to what is there ``now``."""
        names = sorted({*earlier.names, *self.names})
        return Change(tuple(n for n in names if n in now), tuple(n for n in names if n not in now))


def snapshot(folder: Path) -> Snapshot:
    """The folder as a build would see it now; raises ``ImageError`` where there is no Dockerfile."""
    return read_context(folder).identities()


def change(before: Snapshot, after: Snapshot) -> Change | None:
    """From one snapshot to the next; nothing when they are equal."""
    written = tuple(name for name, identity in after.items() if before.get(name) != identity)
    gone = tuple(name for name in before if name not in after)
    return Change(written, gone) if written or gone else None


def remedy(found: Change, dockerfile: str) -> Literal["copy", "build"]:
    """Copying does where the image's last layer is the folder itself, and no layer before needs the file."""
    instructions = list(_last_stage(dockerfile))
    writing = [(number, words) for number, words in enumerate(instructions) if words[0] in _WRITING]
    if not writing or any(name in _BUILD_FILES for name in found.names):
        return "build"
    last, words = writing[-1]
    moved = any(later[0] == "WORKDIR" for later in instructions[last:])
    if words[0] != "COPY" or len(words) != len(_WHOLE) + 1 or moved:
        return "build"
    if any(word not in known for word, known in zip(words[1:], _WHOLE, strict=True)):
        return "build"
    earlier = [source for _, before in writing[:-1] if before[0] != "RUN" for source in before[1:-1]]
    needed = any(_covers(source, name) for source in earlier for name in found.names)
    return "build" if needed else "copy"


def working_folder(dockerfile: str) -> str | None:
    """Where the image's process works, if its Dockerfile says so."""
    named = [words[1] for words in _last_stage(dockerfile) if words[0] == "WORKDIR" and len(words) > 1]
    return named[-1] if named else None


def _last_stage(dockerfile: str) -> Iterator[list[str]]:
    lines = _CONTINUED.sub(" ", dockerfile).splitlines()
    instructions = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    starts = [number for number, words in enumerate(instructions) if words[0].upper() == "FROM"]
    for words in instructions[starts[-1] :] if starts else ():
        yield [words[0].upper(), *words[1:]]


def _covers(source: str, name: str) -> bool:
    plain = source.removeprefix("./").rstrip("/")
    return plain in ("", ".") or name == plain or name.startswith(f"{plain}/") or fnmatch(name, plain)
