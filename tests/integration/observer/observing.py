"""A real observer process on a folder, at one port over all its lives."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msctl.agent.observer_client import ObserverClient
from msctl.telemetry.loglines.transfer import Batch
from tests.free_port import free_port

TOKEN = "integration-token-1234"


class ObserverProcess:
    """``python -m msctl.observer``; ``consul`` is where it looks for checks, ``declared`` its topology.

    ``neighbours`` is agent and Prometheus in one.
    """

    def __init__(
        self,
        folder: Path,
        consul: str = "http://127.0.0.1:9",
        declared: Any = None,
        neighbours: str = "http://127.0.0.1:9",
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._consul = consul
        self._neighbours = neighbours
        (folder / "token").write_text(TOKEN)
        if declared is not None:
            (folder / "topology.json").write_text(json.dumps(declared))
        self.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it writes, over all its lives."""
        return self._folder / "written.log"

    def start(self) -> None:
        """Begin a life."""
        command = [sys.executable, "-m", "msctl.observer", "--state", str(self._folder)]
        command += ["--token-file", str(self._folder / "token"), "--port", str(self.port)]
        command += ["--consul", self._consul, "--topology", str(self._folder / "topology.json")]
        command += ["--agent", self._neighbours, "--metrics", self._neighbours]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, path: str, method: str = "GET", content: object = None) -> list[Any]:
        """Its answer's lines of JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = None if content is None else json.dumps(content)
        with closing(connection):
            connection.request(method, path, body, headers={"Authorization": f"Bearer {TOKEN}"})
            return [json.loads(line) for line in connection.getresponse()]

    def add(self, batches: Sequence[Batch]) -> None:
        """Give it lines."""
        client = ObserverClient(self.url, TOKEN)
        client.send(batches)
        client.close()

    def stored(self) -> int:
        """How many lines it has; -1 while it does not answer."""
        try:
            return int(self.ask("/-/logs/reach")[0]["last"])
        except (OSError, http.client.HTTPException):
            return -1


def eventually(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
