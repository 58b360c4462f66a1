"""A checkout of the test's own: a folder with a manifest, and the installed msctl run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.engine_state import listed, remove_everything

MSCTL = Path(sys.executable).parent / "msctl"
_TIMEOUT = 300.0
_SETTINGS = ("DOCKER_HOST", "DOCKER_CONTEXT", "MSCTL_FILE", "MSCTL_VERBOSE", "FORCE_COLOR")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of msctl ended."""

    arguments: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    def good(self) -> Outcome:
        """Itself; fails unless the exit code is 0."""
        assert self.exit_code == 0, str(self)
        return self

    def json(self) -> Any:
        """Its answer."""
        return json.loads(self.stdout)

    def __str__(self) -> str:
        words = " ".join(self.arguments)
        return f"msctl {words} ended with {self.exit_code}\nstdout: {self.stdout}\nstderr: {self.stderr}"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder with an ``msctl.yaml`` for ``project``, whose gateway gets ``port``.

    ``enter`` goes before the command and ``docker_host`` names the engine where it is not the usual one.
    """

    folder: Path
    project: str
    port: int
    enter: tuple[str, ...] = ()
    docker_host: str | None = None

    @property
    def manifest(self) -> Path:
        """The manifest."""
        return self.folder / "msctl.yaml"

    @property
    def workspace(self) -> Path:
        """Where msctl keeps this checkout's credentials, logs and lock."""
        return self.folder / ".msctl"

    @property
    def url(self) -> str:
        """The gateway as clients reach it."""
        return f"http://127.0.0.1:{self.port}"

    def name(self, suffix: str) -> str:
        """Name of one of the project's objects: ``orders-1`` → ``PROJECT-orders-1``."""
        return f"{self.project}-{suffix}"

    def msctl(
        self, *arguments: str, timeout: float = _TIMEOUT, environment: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run msctl to its end."""
        with self.start(*arguments, environment=environment) as process:
            try:
                stdout, stderr = process.communicate(timeout=timeout)
            except BaseException:
                process.kill()
                raise
        return Outcome(arguments, process.returncode, stdout, stderr)

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Run msctl beside the test; the caller waits for its end."""
        inherited = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
        engine = {"DOCKER_HOST": self.docker_host} if self.docker_host else {}
        return subprocess.Popen(
            [*self.enter, str(MSCTL), *arguments],
            cwd=self.folder,
            env={**inherited, **engine, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def evidence(self) -> dict[str, str]:
        """What one wants to read when a test failed, as far as it can be had."""
        found: dict[str, str] = {}
        for words in (("status", "--json"), ("logs", "--tail", "20")):
            try:
                found[f"msctl {' '.join(words)}"] = str(self.msctl(*words, timeout=60.0))
            except subprocess.TimeoutExpired as late:
                found[f"msctl {' '.join(words)}"] = str(late)
        return found

    def sweep(self) -> None:
        """Take everything down, first as a user would, then whatever bears the project's label."""
        try:
            if self.docker_host or listed("container", self.project):
                self.msctl("--quiet", "down", "--volumes", "--yes", "--adopt")
        finally:
            remove_everything(self.project)


def new_project() -> str:
    """A project name nobody else has."""
    return f"e{uuid.uuid4().hex[:8]}"
