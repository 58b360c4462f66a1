"""Bringing changed files into a service's running instances, and waiting for what they make of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from msctl import labels
from msctl.engine.images.service_context import read_context
from msctl.engine.port import Engine, Identity
from msctl.errors import EngineError, StartFailed
from msctl.events import Sink, StepDone, StepProgress, StepStarted
from msctl.model.desired import ContainerSpec, ImageFact
from msctl.model.failure import FailureCard
from msctl.model.observed import ObservedContainer
from msctl.model.project import Project, Service
from msctl.orchestrator import copied
from msctl.orchestrator.dev.sources import Change
from msctl.orchestrator.diagnosis import telling_line
from msctl.orchestrator.not_ready import NotReady
from msctl.orchestrator.probing import Answer, Prober
from msctl.orchestrator.workspace import Workspace
from msctl.plan.services import container

_KILLED = (137, 143)
_LOOK = 0.1
_LINES = 15
_REMOVE_TIMEOUT = 30.0


class Copying:
    """Copies into the instances of one project; ``timeout`` is seconds for each to become ready."""

    def __init__(
        self,
        engine: Engine,
        workspace: Workspace,
        prober: Prober,
        *,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._workspace = workspace
        self._prober = prober
        self._timeout = timeout
        self._clock = clock

    def possible(self, project: Project, service: Service, change: Change) -> bool:
        """Whether there are instances; files can be taken away from running ones only."""
        found = self.instances(project, service)
        return bool(found) and all(one.state == "running" or not change.gone for one in found)

    def instances(self, project: Project, service: Service) -> tuple[ObservedContainer, ...]:
        """The service's instances, running or not."""
        observed = self._engine.containers(project.name)
        return tuple(one for one in observed if one.role == "service" and one.service == service.name)

    def behind(self, project: Project) -> tuple[str, ...]:
        """The services that run files which are in no image."""
        return copied.services(self._workspace, self._engine.containers(project.name))

    def copy(self, project: Project, service: Service, change: Change, sink: Sink) -> None:
        """Copy and restart, one instance after the other; raises ``StartFailed`` with a card."""
        for found in self.instances(project, service):
            spec = replace(
                container(project, service, found.instance or 1, ImageFact("", ""), ()), name=found.name
            )
            sink.emit(StepStarted(spec.name, "update"))
            begun = self._clock()
            started = self._bring(project, service, found, change)
            answer = self._ready(project, spec, started, sink)
            files = f"{len(change.names)} file{'s' * (len(change.names) > 1)}"
            sink.emit(StepDone(spec.name, "update", self._clock() - begun, f"{files}; {answer}"))

    def _bring(
        self, project: Project, service: Service, found: ObservedContainer, change: Change
    ) -> ObservedContainer:
        """Copy, then stop and start; the engine goes on stopping after Ctrl-C, which leaves none stopped."""
        identity = Identity(project.name, self._workspace.origin)
        copied.note(self._workspace, found)
        if change.gone:
            command = ("rm", "-rf", "--", *change.gone)
            done = self._engine.execute(found.name, command, timeout=_REMOVE_TIMEOUT, user="0:0")
            if done.exit_code != 0:
                raise EngineError(f"files of {found.name} cannot be removed: {done.output.strip()[-300:]}")
        if change.written:
            with read_context(_folder(project, service)).tar(change.written, int(time.time())) as archive:
                self._engine.copy_files(identity, found.name, archive.read())
        try:
            return self._restart(identity, found.name, service.stop_grace)
        except KeyboardInterrupt:
            self._restart(identity, found.name, service.stop_grace)
            raise

    def _restart(self, identity: Identity, name: str, grace: float) -> ObservedContainer:
        self._engine.stop_container(identity, name, grace)
        return self._engine.start_container(identity, name)

    def _ready(self, project: Project, spec: ContainerSpec, started: ObservedContainer, sink: Sink) -> str:
        assert spec.probe is not None  # noqa: S101 - services have one
        network = labels.project_network(project.name)
        self._prober.ask(spec.name, spec.probe, started.addresses.get(network, ""))
        try:
            return self._until_ready(spec, sink)
        except NotReady as error:
            self._engine.stop_container(Identity(project.name, self._workspace.origin), spec.name, 0)
            lines = tuple(line.text for line in self._engine.logs(spec.name, since=started.started_at))
            raise _failed(error, lines) from error
        finally:
            self._prober.forget(spec.name)

    def _until_ready(self, spec: ContainerSpec, sink: Sink) -> str:
        """The good answer; one that ended is told at once, since nothing but its new files is to blame."""
        deadline = self._clock() + self._timeout
        answer: Answer | None = None
        while True:
            answer = self._prober.wait(spec.name, _LOOK) or answer
            if answer is not None and answer.ok:
                return answer.output
            if answer is not None and answer.output:
                sink.emit(StepProgress(spec.name, answer.output))
            found = self._engine.inspect(spec.name)
            said = answer.output if answer is not None else None
            if _ended(found):
                raise NotReady("it ended", spec, said, found)
            if self._clock() >= deadline:
                raise NotReady(f"not ready after {self._timeout:g} s", spec, said, found)


def _ended(found: ObservedContainer) -> bool:
    """Whether it ended by itself; the agent kills and brings back what it takes for hung meanwhile."""
    if found.restarts or found.oom_killed:
        return True
    return found.state in {"exited", "dead", "restarting"} and found.exit_code not in _KILLED


def _folder(project: Project, service: Service) -> Path:
    assert service.build is not None  # noqa: S101 - only services with sources are watched
    return project.folder / service.build


def _failed(error: NotReady, lines: Sequence[str]) -> StartFailed:
    """The card of an instance that was stopped; ``lines`` are all that it wrote."""
    card = FailureCard(
        error.spec.name,
        "not-ready",
        "did not become healthy with the new files",
        telling_line(lines) or error.answer or error.message,
        health_answer=error.answer or None,
        log_lines=tuple(lines[-_LINES:]),
    )
    return StartFailed(
        f"{error.spec.name} is stopped until the next change", [card], "mend the file and save it"
    )
