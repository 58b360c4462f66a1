"""Carrying out what a plan takes down; each kind of operation is one short method."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import singledispatchmethod
from threading import Event

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.orchestrator.access import Access
from msctl.orchestrator.deaths import Deaths
from msctl.plan.operations import (
    Deregister,
    Operation,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
    StopContainer,
)


class Removals:
    """Takes entries, containers, networks and volumes of one project away.

    With ``deaths`` a container has stopped once its process is heard to have ended: the engine's tidying
    goes on beside what comes next, and its removal waits for it.
    """

    def __init__(
        self, engine: Engine, identity: Identity, access: Access, deaths: Deaths | None = None
    ) -> None:
        self._engine = engine
        self._identity = identity
        self._access = access
        self._deaths = deaths

    @singledispatchmethod
    def run(self, operation: Operation) -> str:
        """Carry out ``operation`` and return its outcome in a few words."""
        raise TypeError(f"no action for {type(operation).__name__}")

    @run.register
    def _(self, operation: Deregister) -> str:
        self._access.registry().deregister(operation.subject)
        return ""

    @run.register
    def _(self, operation: StopContainer) -> str:
        if self._deaths is None:
            self._stop(operation)
        else:
            self._stop_until_heard(operation, self._deaths)
        return ""

    @run.register
    def _(self, operation: RemoveContainer) -> str:
        self._engine.stop_container(self._identity, operation.subject, operation.grace)
        self._engine.remove_container(self._identity, operation.subject)
        if operation.subject == labels.container(self._identity.project, "registry"):
            self._access.forget_registry()
        return ""

    @run.register
    def _(self, operation: RemoveNetwork) -> str:
        self._engine.remove_network(self._identity, operation.subject)
        return ""

    @run.register
    def _(self, operation: RemoveVolume) -> str:
        self._engine.remove_volume(self._identity, operation.subject)
        return ""

    def _stop(self, operation: StopContainer) -> None:
        self._engine.stop_container(
            self._identity, operation.subject, operation.grace, stays_down=operation.stays_down
        )

    def _stop_until_heard(self, operation: StopContainer, deaths: Deaths) -> None:
        ended = Event()
        deaths.tell(operation.subject, ended)
        pool = ThreadPoolExecutor(1)
        call = pool.submit(self._stop, operation)
        pool.shutdown(wait=False)
        call.add_done_callback(lambda _: ended.set())
        ended.wait()
        if call.done():
            call.result()
