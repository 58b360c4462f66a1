"""This very msctl as files for the runtime image, from an editable checkout or an installed wheel alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path

import msctl

_EXTRA = re.compile(r";.*\bextra\s*==")
_PACKAGES = "opt/msctl/lib/python3.11/site-packages"
_METADATA = ("METADATA", "entry_points.txt", "INSTALLER")
_LAUNCHER = """#!/opt/msctl/bin/python
import sys

from msctl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
"""


def requirements(installed: Distribution | None = None) -> tuple[str, ...]:
    """What msctl needs to run, without its extras, sorted; markers stay for the target's pip to judge."""
    required = (installed or distribution("msctl")).requires or []
    return tuple(sorted(line for line in required if not _EXTRA.search(line)))


def package_files(folder: Path | None = None) -> Mapping[str, tuple[bytes, int]]:
    """The package, its metadata and its command, by path in the image's build context."""
    root = folder or Path(msctl.__file__).parent
    found = {f"{_PACKAGES}/msctl/{name}": (path.read_bytes(), 0o644) for name, path in _sources(root)}
    found["opt/msctl/bin/msctl"] = (_LAUNCHER.encode(), 0o755)
    installed = distribution("msctl")
    for name in _METADATA:
        text = installed.read_text(name)
        if text is not None:
            found[f"{_PACKAGES}/msctl-{installed.version}.dist-info/{name}"] = (text.encode(), 0o644)
    return found


def _sources(root: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and "__pycache__" not in relative.parts:
            yield relative.as_posix(), path
