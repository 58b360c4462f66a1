"""Hearing from the engine which containers end, so that nobody has to look at each of them all the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from msctl.errors import EngineError

if TYPE_CHECKING:
    from msctl.engine.port import Engine

_ENDS = frozenset({"die", "oom", "destroy"})
_LAST = frozenset({"die", "destroy"})
"""Out of memory may have ended one of a container's processes only."""


class Deaths:
    """Hears and counts the ends of a project's containers, from ``listen`` or the first question on."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project
        self._counts: Counter[str] = Counter()
        self._listening = False
        self._stop = Event()
        self._thread: Thread | None = None
        self._lock = Lock()
        self._waiting: dict[str, Callable[[], None]] = {}

    def listen(self) -> None:
        """Begin to, in a thread of its own."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._hear, name="deaths", daemon=True)
                self._thread.start()

    def of(self, name: str) -> int | None:
        """How often container ``name`` was heard to end; ``None`` while nothing can be heard."""
        self.listen()
        return self._counts[name] if self._listening else None

    def tell(self, name: str, listener: Callable[[], None]) -> None:
        """Call ``listener``, once, when container ``name`` is heard to have ended, if it ever is."""
        self.listen()
        with self._lock:
            self._waiting[name] = listener

    def close(self) -> None:
        """Hear no more."""
        self._stop.set()

    def _hear(self) -> None:
        try:
            events = self._engine.events(self._project, self._stop)
            self._listening = True
            for event in events:
                if event.action in _ENDS:
                    self._counts[event.container] += 1
                if event.action in _LAST:
                    self._pass_on(event.container)
        except EngineError:
            return  # whoever waits looks for himself then
        finally:
            self._listening = False

    def _pass_on(self, name: str) -> None:
        with self._lock:
            listener = self._waiting.pop(name, None)
        if listener is not None:
            listener()
