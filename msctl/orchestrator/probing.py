"""Asking containers whether they are ready, from inside the project's network.

Addresses of containers are not reachable from the caller's machine in general, so one command in a
container on the project's network asks for all of them and streams its findings back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from msctl.errors import EngineError

if TYPE_CHECKING:
    from msctl.engine.port import Engine, Stream
    from msctl.model.desired import Probe

STARTING_INTERVAL = 0.05
"""Seconds between two questions while something starts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest finding about one container."""

    ok: bool
    output: str


def prober_command() -> tuple[str, ...]:
    """The command that asks; its source goes along, so that it starts without looking for packages."""
    source = resources.files("msctl.agent").joinpath("prober.py").read_text("utf-8")
    return ("python3", "-E", "-S", "-c", source)


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[-1][:200]


class Prober:
    """Asks containers through one command run in ``host``; thread-safe, started at first use.

    When ``host`` goes away (it may itself be replaced meanwhile) the command is started again.
    """

    def __init__(self, engine: Engine, host: str) -> None:
        self._engine = engine
        self._host = host
        self._targets: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, Answer] = {}
        self._stream: Stream | None = None
        self._trouble: str | None = None
        self._changed = Condition()

    def ask(self, name: str, probe: Probe, address: str) -> None:
        """Begin to ask container ``name`` at ``address``, forgetting earlier answers."""
        with self._changed:
            self._answers.pop(name, None)
            self._targets[name] = {
                "id": name,
                "kind": probe.kind,
                "host": address,
                "port": probe.port,
                "path": probe.path,
                "timeout": probe.timeout,
                "interval": STARTING_INTERVAL,
            }
            if self._stream is not None:
                self._send(self._stream, [self._targets[name]])

    def wait(self, name: str, seconds: float) -> Answer | None:
        """The newest answer about ``name``, waiting at most ``seconds`` for a good one."""
        with self._changed:
            self._ensure_running()
            self._changed.wait_for(lambda: self._good(name), seconds)
            return self._answers.get(name) or self._unasked()

    def forget(self, name: str) -> None:
        """Stop asking ``name``."""
        with self._changed:
            self._targets.pop(name, None)
            if self._stream is not None:
                self._send(self._stream, [{"id": name, "remove": True}])

    def close(self) -> None:
        """End the command."""
        with self._changed:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _good(self, name: str) -> bool:
        answer = self._answers.get(name)
        return answer is not None and answer.ok

    def _unasked(self) -> Answer | None:
        return Answer(ok=False, output=self._trouble) if self._trouble is not None else None

    def _ensure_running(self) -> None:
        if self._stream is not None:
            return
        try:
            stream = self._engine.open_stream(self._host, prober_command())
        except EngineError as exc:
            self._trouble = f"{self._host}, which asks, cannot: {_last_line(exc)}"
            return
        self._stream = stream
        Thread(target=self._listen, args=(stream,), name="prober", daemon=True).start()
        self._send(stream, list(self._targets.values()))

    def _send(self, stream: Stream, targets: list[dict[str, Any]]) -> None:
        try:
            stream.send("".join(json.dumps(target) + "\n" for target in targets).encode())
        except (OSError, EngineError):
            self._stream = None

    def _listen(self, stream: Stream) -> None:
        buffered = b""
        try:
            while data := stream.receive():
                *lines, buffered = (buffered + data).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
        except (OSError, EngineError, ValueError) as exc:
            self._trouble = f"{self._host}, which asks, stopped: {_last_line(exc)}"
        finally:
            stream.close()
            with self._changed:
                if self._stream is stream:
                    self._stream = None

    def _take(self, finding: Mapping[str, Any]) -> None:
        with self._changed:
            if finding["id"] in self._targets:
                self._trouble = None
                self._answers[finding["id"]] = Answer(bool(finding["ok"]), str(finding["output"]))
                self._changed.notify_all()
