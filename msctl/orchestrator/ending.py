"""Stops that are over for others when the processes are, and for the removal when the engine is done."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

from msctl.orchestrator.deaths import Deaths

if TYPE_CHECKING:
    from msctl.engine.port import Engine, Identity

_MOST_AT_ONCE = 64


class Ending:
    """Stops containers of a project that are to be removed; thread-safe.

    Between the end of a container's processes and the engine's answer lies what it does to networks and
    file systems: nobody but the removal has to wait for that.
    """

    def __init__(self, engine: Engine, identity: Identity) -> None:
        self._engine = engine
        self._identity = identity
        self._deaths = Deaths(engine, identity.project)
        self._deaths.listen()
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="ending")
        self._answers: dict[str, Future[None]] = {}

    def end(self, name: str, grace: float) -> None:
        """Return when the container's processes have ended, at the latest with the engine's answer."""
        over = Event()
        self._deaths.tell(name, over.set)
        answer = self._pool.submit(self._engine.stop_container, self._identity, name, grace)
        self._answers[name] = answer
        answer.add_done_callback(lambda _: over.set())
        over.wait()
        if answer.done():
            answer.result()

    def finish(self, name: str) -> None:
        """Return when the engine is done with the stop of ``name``, if it was asked to stop it."""
        if name in self._answers:
            self._answers[name].result()

    def close(self) -> None:
        """Wait for what was asked for, and hear no more."""
        self._pool.shutdown()
        self._deaths.close()
