"""Hearing from the engine which containers end, so that nobody has to look at each of them all the time."""

from __future__ import annotations

from collections import Counter
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from msctl.errors import EngineError

if TYPE_CHECKING:
    from msctl.engine.port import Engine

_ENDS = frozenset({"die", "oom", "destroy"})


class Deaths:
    """Counts the ends of a project's containers, from soon after the first question until ``close``."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project
        self._counts: Counter[str] = Counter()
        self._listening = False
        self._stop = Event()
        self._thread: Thread | None = None
        self._starting = Lock()

    def of(self, name: str) -> int | None:
        """How often container ``name`` was heard to end; ``None`` while nothing can be heard."""
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._listen, name="deaths", daemon=True)
                self._thread.start()
        return self._counts[name] if self._listening else None

    def close(self) -> None:
        """Hear no more."""
        self._stop.set()

    def _listen(self) -> None:
        try:
            events = self._engine.events(self._project, self._stop)
            self._listening = True
            for event in events:
                if event.action in _ENDS:
                    self._counts[event.container] += 1
        except EngineError:
            return  # whoever waits looks for himself then
        finally:
            self._listening = False
