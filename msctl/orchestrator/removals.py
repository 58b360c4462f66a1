"""Carrying out what a plan takes down; each kind of operation is one short method."""

from __future__ import annotations

from functools import singledispatchmethod

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.orchestrator.access import Access
from msctl.orchestrator.survey import registered
from msctl.plan.operations import (
    Deregister,
    DeregisterAll,
    Operation,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
    StopContainer,
)


class Removals:
    """Takes entries, containers, networks and volumes of one project away."""

    def __init__(self, engine: Engine, identity: Identity, access: Access) -> None:
        self._engine = engine
        self._identity = identity
        self._access = access

    @singledispatchmethod
    def run(self, operation: Operation) -> str:
        """Carry out ``operation`` and return its outcome in a few words."""
        raise TypeError(f"no action for {type(operation).__name__}")

    @run.register
    def _(self, operation: Deregister) -> str:
        self._access.registry().deregister(operation.subject)
        return ""

    @run.register
    def _(self, operation: DeregisterAll) -> str:
        entries = registered(self._access, operation.subject)
        if entries is None:
            return "its entries cannot be read"
        if entries:
            self._access.registry().deregister(*entries)
        return f"{len(entries)} entries"

    @run.register
    def _(self, operation: StopContainer) -> str:
        self._engine.stop_container(
            self._identity, operation.subject, operation.grace, stays_down=operation.stays_down
        )
        return ""

    @run.register
    def _(self, operation: RemoveContainer) -> str:
        if operation.grace is not None:
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
