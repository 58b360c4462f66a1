"""What a test tells the in-memory engine to do, and what it is told was done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msctl.engine.port import ExecResult, Stream
from msctl.errors import EngineError

Answer = Callable[[str, Sequence[str], bytes | None], ExecResult]
"""What a command run in a container answers: (container, command, stdin) → result."""


def _success(_name: str, _command: Sequence[str], _stdin: bytes | None) -> ExecResult:
    return ExecResult(0, "")


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A command that ``execute`` was asked to run."""

    container: str
    command: tuple[str, ...]
    timeout: float
    user: str | None
    stdin: bytes | None


@dataclass(slots=True)
class Script:
    """``images``: those present (``None``: all) · ``exit_codes``: containers that end as soon as they start ·
    ``answer``, ``streams``: what commands give · ``taken_ports``: host ports somebody else uses.

    ``calls`` records every change asked for as (method, object), ``commands`` every command run and
    ``signals`` every signal sent.
    """

    images: set[str] | None = None
    exit_codes: dict[str, int] = field(default_factory=dict)
    answer: Answer = _success
    streams: Callable[[str, Sequence[str]], Stream] | None = None
    taken_ports: set[int] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    commands: list[CommandRun] = field(default_factory=list)
    signals: list[tuple[str, str]] = field(default_factory=list)
    _failures: dict[tuple[str, str], list[EngineError]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, method: str, name: str, error: EngineError, times: int = 1) -> None:
        """Let the next ``times`` calls of ``method`` on the object ``name`` raise ``error``."""
        with self._lock:
            self._failures.setdefault((method, name), []).extend([error] * times)

    def asked(self, method: str, name: str) -> None:
        """A question was put; raises if it is to fail."""
        with self._lock:
            waiting = self._failures.get((method, name))
            if waiting:
                raise waiting.pop(0)

    def changed(self, method: str, name: str) -> None:
        """A change was asked for; it is recorded, and raises if it is to fail."""
        with self._lock:
            self.calls.append((method, name))
        self.asked(method, name)
