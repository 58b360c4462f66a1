"""This very msctl as files for the runtime image, from an editable checkout or an installed wheel alike."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path

import msctl

_EXTRA = re.compile(r"""\s*;.*\bextra\s*==\s*["'](?P<name>[\w-]+)["']""")
_IMAGE_EXTRAS = frozenset({"debug"})
_PACKAGES = "opt/msctl/lib/python3.11/site-packages"
_METADATA = ("METADATA", "entry_points.txt", "INSTALLER")
_LAUNCHER = """#!/opt/msctl/bin/python
import sys

from msctl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
"""


def requirements(installed: Distribution | None = None) -> tuple[str, ...]:
    """What msctl needs to run in an image, sorted; of its extras only the debugger.

    Other markers stay for the target's pip to judge.
    """
    found = []
    for line in (installed or distribution("msctl")).requires or []:
        extra = _EXTRA.search(line)
        if extra is None:
            found.append(line)
        elif extra["name"] in _IMAGE_EXTRAS:
            found.append(line[: extra.start()])
    return tuple(sorted(found))


def package_files(folder: Path | None = None) -> Mapping[str, tuple[bytes, int]]:
    """The package, its metadata and its command, by path in the image's build context."""
    root = folder or Path(msctl.__file__).parent
    found = {f"{_PACKAGES}/msctl/{name}": (data, 0o644) for name, data in _sources(root)}
    found["opt/msctl/bin/msctl"] = (_LAUNCHER.encode(), 0o755)
    installed = distribution("msctl")
    for name in _METADATA:
        text = installed.read_text(name)
        if text is not None:
            found[f"{_PACKAGES}/msctl-{installed.version}.dist-info/{name}"] = (text.encode(), 0o644)
    return found


def _sources(root: Path) -> Iterator[tuple[str, bytes]]:
    """By path below ``root``; with plain strings, since every ``up`` comes here."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        below = folder[len(str(root)) + 1 :]
        for name in sorted(names):
            if not os.path.isfile(path := f"{folder}/{name}"):  # noqa: PTH113
                continue
            with open(path, "rb") as file:  # noqa: PTH123
                yield f"{below}/{name}" if below else name, file.read()
