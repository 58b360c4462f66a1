"""Handing the terminal on to a container, by the docker command, which knows how."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from msctl.errors import UsageError


def on_terminal() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def docker_command(remedy: str) -> str:
    """The docker command; raises ``UsageError`` with ``remedy`` where there is none."""
    found = shutil.which("docker")
    if found is None:
        raise UsageError("the docker command is not there, which hands the terminal on", remedy)
    return found


def become(docker: str, words: Sequence[str]) -> NoReturn:
    """Go on as ``docker WORDS``: its exit code is ours, and signals are its own."""
    sys.stdout.flush()
    os.execv(docker, [docker, *words])  # noqa: S606


def accompany(docker: str, words: Sequence[str]) -> int:
    """Run ``docker WORDS`` to its end and return its exit code; signals are handed on to it."""
    child = subprocess.Popen([docker, *words])

    def hand_on(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT:  # a terminal's Ctrl-C reaches it by itself
            child.send_signal(number)

    before = {n: signal.signal(n, hand_on) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
