"""Use cases ``stop``, ``start``, ``restart``: containers as they are, whatever the manifest says by now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Literal

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.errors import MsctlError, NotRunning, ProjectConflict
from msctl.events import Sink
from msctl.model.observed import Observed, ObservedContainer
from msctl.orchestrator.access import Access
from msctl.orchestrator.actions import Actions
from msctl.orchestrator.executor import Executor, Outcome
from msctl.orchestrator.failures import raise_failures
from msctl.orchestrator.readiness import watching
from msctl.orchestrator.removals import Removals
from msctl.orchestrator.survey import survey
from msctl.plan.conflicts import other_origin
from msctl.plan.operating import named, restarting, starting, stopping
from msctl.plan.operations import BuildImage, Plan

Verb = Literal["stop", "start", "restart"]


@dataclass(frozen=True, slots=True)
class Operate:
    """``graces`` are seconds to stop by container; ``timeout`` seconds for each to become healthy."""

    engine: Engine
    access: Access
    identity: Identity
    sink: Sink
    timeout: float
    graces: Mapping[str, float] = field(default_factory=dict)

    def run(self, verb: Verb, names: Sequence[str]) -> tuple[str, ...]:
        """Do it to what ``names`` mean; ids of the operations that changed something."""
        plan = self._plan(verb, names)
        outcome = self._carry_out(plan)
        raise_failures(outcome, self.engine, f"cannot {verb} everything")
        return tuple(operation.id for operation in plan.changes)

    def _plan(self, verb: Verb, names: Sequence[str]) -> Plan:
        project = self.identity.project
        found = survey(self.engine, self.access, project)
        if not found.observed.containers:
            raise NotRunning(f"project '{project}' has no containers", "start the project with 'msctl up'")
        foreign = other_origin(found.observed, self.identity.origin)
        if foreign is not None:
            raise ProjectConflict(foreign.message, f"run 'msctl {verb}' there")
        chosen, entered = named(found.observed, names), frozenset(found.entries or ())
        if verb == "stop":
            return stopping(chosen, entered, self.graces)
        _require_asker(found.observed, chosen)
        if verb == "start":
            return starting(project, chosen)
        return restarting(project, chosen, entered, self.graces)

    def _carry_out(self, plan: Plan) -> Outcome:
        stop = Event()
        removals = Removals(self.engine, self.identity, self.access)
        project = self.identity.project
        with watching(self.engine, project, self.sink, timeout=self.timeout, stop=stop) as readiness:
            actions = Actions(
                self.engine,
                self.identity,
                self.access,
                readiness,
                removals,
                _never,
                timeout=self.timeout,
                stop=stop,
            )
            return Executor(actions.run, self.sink, time.monotonic, stop).execute(plan)


def _never(operation: BuildImage) -> str:
    raise MsctlError(f"'{operation.subject}' is not to be built here")


def _require_asker(observed: Observed, chosen: Sequence[ObservedContainer]) -> None:
    """Raise ``NotRunning`` where nobody could ask what is started for its health, and nobody is about to."""
    asker = observed.container(labels.container(observed.project, "gateway"))
    if asker is None or (asker.state != "running" and asker not in chosen):
        raise NotRunning(
            "the gateway, which asks services for their health, does not run",
            "start the project with 'msctl up'",
        )
