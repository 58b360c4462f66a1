"""A Docker Engine of the test's own, in a network namespace of its own, which may be stopped and started.

The first engine only gives it images; they share no folder, no socket, no containerd and no network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.engine_state import docker, succeeds
from tests.integration.waiting import eventually

_TOOLS = ("dockerd", "ip", "nsenter", "unshare")


def missing() -> str | None:
    """Why there can be no second engine here, ``None`` if there can."""
    if os.geteuid() != 0:
        return "a second engine needs root"
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"a second engine needs {', '.join(absent)}" if absent else None


@dataclass(slots=True)
class SecondEngine:
    """The engine whose state is in ``folder``; ``enter`` goes before commands that use its ports."""

    folder: Path
    namespace: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Its address as in DOCKER_HOST."""
        return f"unix://{self.folder}/docker.sock"

    @property
    def enter(self) -> tuple[str, ...]:
        """A command that runs another in the engine's network."""
        return ("nsenter", f"--net=/run/netns/{self.namespace}", "--")

    def start(self) -> None:
        """Start it and wait for its answer."""
        with (self.folder / "dockerd.log").open("ab") as log:
            command = [*self.enter, "dockerd", "--config-file", str(self.folder / "daemon.json")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self.answers, timeout=60.0)

    def stop(self) -> None:
        """End it in order, its containers with it; a killed engine would leave them to nobody."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=120.0)
            self.process = None

    def answers(self) -> bool:
        """Whether it answers."""
        return succeeds("--host", self.host, "version")

    def take(self, images: Iterable[str]) -> None:
        """Copy images from the first engine."""
        save = subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE)
        with save:
            subprocess.run(
                ["docker", "--host", self.host, "load", "--quiet"],
                stdin=save.stdout,
                check=True,
                capture_output=True,
            )


@contextmanager
def second_engine(folder: Path, namespace: str) -> Iterator[SecondEngine]:
    """A running second engine; everything of it is gone afterwards."""
    engine = SecondEngine(folder, namespace)
    (folder / "daemon.json").write_text(json.dumps(_settings(engine)))
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        subprocess.run([*engine.enter, "ip", "link", "set", "lo", "up"], check=True)
        engine.start()
        yield engine
    finally:
        engine.stop()
        subprocess.run(["ip", "netns", "delete", namespace], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def _settings(engine: SecondEngine) -> dict[str, object]:
    return {
        "data-root": str(engine.folder / "data"),
        "exec-root": str(engine.folder / "run"),
        "pidfile": str(engine.folder / "pid"),
        "hosts": [engine.host],
        "storage-driver": docker("info", "--format", "{{.Driver}}"),
    }
