"""The tool that makes Debian roots: mmdebstrap, put in place where that may be done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from msctl.engine.images.apt import Apt
from msctl.errors import ImageError
from msctl.events import Notice, Sink

_TOOL = "mmdebstrap"
_HINT = (
    "Install it (`apt-get install mmdebstrap` on Debian and its descendants), or let msctl pull images: "
    "configure an image registry for the engine."
)


@dataclass(slots=True)
class BootstrapTool:
    """mmdebstrap for builders that work side by side: the first to need it tries for all, and once."""

    new_apt: Callable[[Sink], Apt] = Apt
    _trying: Lock = field(default_factory=Lock)
    _failure: str | None = None

    def ensure(self, sink: Sink) -> None:
        """Make sure that mmdebstrap is there; as root with apt it is installed, saying so."""
        with self._trying:
            if self._failure is None and not shutil.which(_TOOL):
                self._failure = self._install(sink)
            if self._failure is not None:
                raise ImageError(self._failure, _HINT)

    def _install(self, sink: Sink) -> str | None:
        """Why it is not there, if it is not."""
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            return f"images are built with {_TOOL}, which is not installed"
        sink.emit(Notice("info", f"installing {_TOOL} with apt, to build images"))
        apt = self.new_apt(sink)
        apt("update")
        done = apt("install", "--yes", "--no-install-recommends", _TOOL)
        if shutil.which(_TOOL):
            return None
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        return f"{_TOOL} could not be installed: {last}"
