"""apt-get on this machine, waiting for whoever else uses apt: a fresh machine updates itself right then."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msctl.events import Notice, Sink

_HELD = re.compile(r"^E: Could not get lock (.*)$", re.MULTILINE)
_PATIENCE = 120.0
_PAUSE = 1.0

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def run_apt(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run apt-get once; it says in English what it finds."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    return subprocess.run(
        ["apt-get", "--quiet", *words], capture_output=True, text=True, check=False, env=environment
    )


@dataclass(slots=True)
class Apt:
    """apt-get, tried again for two minutes in all while another one holds any of its locks."""

    sink: Sink
    run: Run = run_apt
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _until: float | None = None

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``apt-get WORDS``; the outcome is that of the last try."""
        while True:
            done = self.run(words)
            held = _HELD.search(done.stderr) if done.returncode else None
            if held is None or not self._may_wait(held[1]):
                return done
            self.sleep(_PAUSE)

    def _may_wait(self, lock: str) -> bool:
        if self._until is None:
            self._until = self.clock() + _PATIENCE
            self.sink.emit(Notice("info", f"waiting for another apt to end: {lock}"))
        return self.clock() < self._until
