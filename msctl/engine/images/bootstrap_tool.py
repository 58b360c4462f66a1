"""The tool that makes Debian roots: mmdebstrap, put in place where that may be done."""

from __future__ import annotations

import os
import shutil
import subprocess
from threading import Lock

from msctl.errors import ImageError
from msctl.events import Notice, Sink

_TOOL = "mmdebstrap"
_HINT = (
    "Install it (`apt-get install mmdebstrap` on Debian and its descendants), or let msctl pull images: "
    "configure an image registry for the engine."
)
_installing = Lock()


def ensure_tool(sink: Sink) -> None:
    """Make sure that mmdebstrap is there; as root with apt it is installed, saying so."""
    with _installing:
        if shutil.which(_TOOL):
            return
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise ImageError(f"Images are built with {_TOOL}, which is not installed", _HINT)
        sink.emit(Notice("info", f"Installing {_TOOL} with apt, to build images"))
        _apt("update")
        done = _apt("install", "--yes", "--no-install-recommends", _TOOL)
        if not shutil.which(_TOOL):
            last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
            raise ImageError(f"{_TOOL} could not be installed: {last}", _HINT)


def _apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        ["apt-get", "--quiet", *arguments], capture_output=True, text=True, check=False, env=environment
    )
