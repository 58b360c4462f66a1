"""What the shell offers after a command: names of services."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def services(incomplete: str) -> Iterator[tuple[str, str]]:
    """The manifest's services with what they are built from; nothing where there is no manifest."""
    for name, entry in _entries().items():
        if str(name).startswith(incomplete):
            origin = entry.get("build") or entry.get("image") if isinstance(entry, dict) else None
            yield str(name), str(origin or "")


def environments(incomplete: str) -> Iterator[str]:
    """The overlays beside the manifest."""
    from msctl.manifest.overlay import environments as found  # noqa: PLC0415

    manifest = _manifest()
    if manifest is not None:
        yield from (name for name in found(manifest) if name.startswith(incomplete))


def _manifest() -> Path | None:
    from msctl.errors import MsctlError  # noqa: PLC0415
    from msctl.manifest.source import find_manifest  # noqa: PLC0415

    named = os.environ.get("MSCTL_FILE")
    try:
        return Path(named) if named else find_manifest(Path.cwd())
    except MsctlError:
        return None


def _entries() -> dict[Any, Any]:
    """The services as they are written, also in a manifest with mistakes elsewhere."""
    import yaml  # noqa: PLC0415

    manifest = _manifest()
    if manifest is None:
        return {}
    try:
        document = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    found = document.get("services") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}
