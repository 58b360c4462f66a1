"""Carrying out what a plan builds up; each kind of operation is one short method."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import singledispatchmethod
from threading import Event, Lock

from msctl import labels
from msctl.engine.port import Engine, Identity
from msctl.errors import EngineError, MsctlError, ObjectMissing, RegistryError, SubnetTaken
from msctl.model.desired import ContainerSpec
from msctl.orchestrator.access import Access
from msctl.orchestrator.readiness import Readiness
from msctl.orchestrator.removals import Removals
from msctl.orchestrator.rotation import Rotation
from msctl.orchestrator.turns import Turns
from msctl.plan.addresses import address, candidate_subnets
from msctl.plan.livefiles import is_mark
from msctl.plan.operations import (
    AwaitExternal,
    AwaitReady,
    AwaitRegistered,
    BuildImage,
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    Deregister,
    FillSecrets,
    Judge,
    Operation,
    Register,
    RemoveContainer,
    StartContainer,
    StopContainer,
    UpdateFiles,
)
from msctl.plan.urgency import urgency
from msctl.registry.entries import entry_for

_PROVISION_TIMEOUT = 30.0
_SUBNET_TRIES = 32
_POLL = 0.05
_DRAIN_MARGIN = 60.0
_OTHERS_PATIENCE = 10.0
"""Seconds for a service that runs elsewhere to be entered and asked by Consul for the first time."""

_AT_ONCE = 4
"""Networks and containers that the engine is asked to make at the same time."""


class Actions:
    """Runs one operation at a time for each thread; knows how, never whether."""

    def __init__(
        self,
        engine: Engine,
        identity: Identity,
        access: Access,
        readiness: Readiness,
        removals: Removals,
        build: Callable[[BuildImage], str],
        upkeep: Callable[[ContainerSpec], Sequence[str]] = lambda _: (),
        ready: Callable[[ContainerSpec], None] = lambda _: None,
        *,
        timeout: float,
        stop: Event,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._identity = identity
        self._access = access
        self._readiness = readiness
        self._removals = removals
        self._build = build
        self._upkeep = upkeep
        self._ready = ready
        self._timeout = timeout
        self._stop = stop
        self._turns = Turns(_AT_ONCE, stop)
        self._network = labels.project_network(identity.project)
        self._subnet: str | None = None
        self._created: set[str] = set()
        self._filled: frozenset[str] = frozenset()
        self._now = now
        self._draining: set[str] = set()
        self._rotation = Rotation(access, stop)
        self._lock = Lock()

    def run(self, operation: Operation) -> str:
        """Carry out ``operation`` and return its outcome in a few words."""
        rank = urgency(operation)
        if rank is None:
            return self._run(operation)
        with self._turns.turn(rank):
            return self._run(operation)

    @singledispatchmethod
    def _run(self, operation: Operation) -> str:
        return self._removals.run(operation)

    @_run.register
    def _(self, operation: BuildImage) -> str:
        return self._build(operation)

    @_run.register
    def _(self, operation: Deregister) -> str:
        """One that runs is only taken out of rotation: who sees it missing would enter it again."""
        if not self._runs(operation.subject):
            return self._removals.run(operation)
        if operation.service is not None and operation.grace:
            self._rotation.await_seen(operation.service, self._siblings(operation.service, operation.subject))
        self._draining.add(operation.subject)
        until = self._now() + operation.grace + self._timeout + _DRAIN_MARGIN
        if not self._access.registry().drain(operation.subject, until):
            return "not entered"
        if operation.service is None or not operation.grace:
            return "out of rotation"
        return self._rotation.let_go(operation.service, operation.subject, operation.grace)

    @_run.register
    def _(self, operation: Judge) -> str:
        return self._rotation.judge(operation.service or "", operation.subject)

    @_run.register
    def _(self, operation: StopContainer) -> str:
        self._removals.run(operation)
        return self._forget_drained(operation.subject)

    @_run.register
    def _(self, operation: RemoveContainer) -> str:
        self._removals.run(operation)
        return self._forget_drained(operation.subject)

    @_run.register
    def _(self, operation: CreateNetwork) -> str:
        if not operation.spec.addressed:
            self._engine.create_network(self._identity, operation.spec, None)
            return ""
        taken = self._engine.observe(self._identity.project).subnets
        for _, subnet in zip(range(_SUBNET_TRIES), candidate_subnets(taken), strict=False):
            try:
                self._engine.create_network(self._identity, operation.spec, subnet)
            except SubnetTaken:
                continue
            return self._project_subnet()
        raise EngineError(
            f"no free subnet for network '{operation.subject}'",
            "remove networks that are not needed (docker network ls)",
        )

    @_run.register
    def _(self, operation: CreateVolume) -> str:
        self._engine.create_volume(self._identity, operation.spec)
        return ""

    @_run.register
    def _(self, operation: FillSecrets) -> str:
        """What stands in its way is the trouble of one container, and told when that one is created."""
        try:
            self._filled = self._engine.fill_secrets(self._identity, operation.specs)
        except EngineError as exc:
            return f"each for itself: {exc.message}"
        return f"{len(self._filled)} containers"

    @_run.register
    def _(self, operation: CreateContainer) -> str:
        spec = operation.spec
        filled = spec.name in self._filled
        self._engine.create_container(
            self._identity, spec, operation.config_hash, self._addresses(spec), filled=filled
        )
        self._created.add(spec.name)
        try:
            return self._start(spec)
        except MsctlError:
            self._engine.remove_container(self._identity, spec.name)
            raise

    @_run.register
    def _(self, operation: StartContainer) -> str:
        return self._start(operation.spec)

    @_run.register
    def _(self, operation: UpdateFiles) -> str:
        spec = operation.spec
        marks = [file for file in operation.files if is_mark(file)]
        files = [file for file in operation.files if not is_mark(file)]
        self._engine.deliver_secrets(self._identity, spec.name, files)
        if spec.reload is not None:
            self._engine.signal_container(self._identity, spec.name, spec.reload)
        if spec.reload_command:
            result = self._engine.execute(spec.name, spec.reload_command, timeout=_PROVISION_TIMEOUT)
            if result.exit_code != 0:
                raise EngineError(f"'{spec.name}' refused its new files: {result.output.strip()[-300:]}")
        done = self._upkeep(spec)
        self._engine.deliver_secrets(self._identity, spec.name, marks)
        return "; ".join(("reloaded", *done))

    @_run.register
    def _(self, operation: AwaitReady) -> str:
        answer = self._readiness.wait(operation.spec, self._network)
        self._provision(operation.spec)
        self._ready(operation.spec)
        done = self._upkeep(operation.spec) if operation.subject in self._created else ()
        return "; ".join((answer, *done))

    @_run.register
    def _(self, operation: Register) -> str:
        spec = operation.spec
        found = self._engine.inspect(spec.name).addresses.get(self._network, "")
        entry = entry_for(self._identity.project, spec, found)
        if entry is not None:
            self._access.registry().register(entry)
        return found

    @_run.register
    def _(self, operation: AwaitRegistered) -> str:
        deadline = time.monotonic() + self._timeout
        while not self._stop.is_set():
            entries = self._access.registry().health(self._identity.project)
            mine = next((e for e in entries if e.id == operation.subject), None)
            if mine is not None and mine.status in {"pass", "warn"}:
                return f"{mine.address}:{mine.port}"
            if time.monotonic() >= deadline:
                raise RegistryError(
                    f"'{operation.subject}' is ready but did not register itself "
                    f"within {self._timeout:g} s: {mine.output if mine else 'no entry'}",
                    "a service with 'registration: self' registers under its container's name",
                )
            self._stop.wait(_POLL)
        return "stopped"

    @_run.register
    def _(self, operation: AwaitExternal) -> str:
        deadline = time.monotonic() + _OTHERS_PATIENCE
        while not self._stop.is_set():
            entries = self._access.registry().health(self._identity.project)
            found = next((e for e in entries if e.id == operation.subject), None)
            if found is not None and found.status in {"pass", "warn"}:
                return f"{found.address}:{found.port}"
            if time.monotonic() >= deadline:
                return "not well" if found is not None else "not entered yet"
            self._stop.wait(_POLL)
        return "stopped"

    def _siblings(self, service: str, name: str) -> list[str]:
        """Instances that take calls in its stead."""
        known = self._access.registry().health(self._identity.project)
        return [e.id for e in known if e.name == service and e.id != name and e.status in {"pass", "warn"}]

    def _forget_drained(self, name: str) -> str:
        """What was out of rotation is gone now, and so goes its entry."""
        if name not in self._draining:
            return ""
        try:
            self._access.registry().deregister(name)
        except (RegistryError, EngineError) as exc:
            return f"its entry is left to the agent: {exc.message}"
        return ""

    def _runs(self, name: str) -> bool:
        try:
            return self._engine.inspect(name).state == "running"
        except ObjectMissing:
            return False

    def _start(self, spec: ContainerSpec) -> str:
        started = self._engine.start_container(self._identity, spec.name)
        return started.addresses.get(self._network, "")

    def _provision(self, spec: ContainerSpec) -> None:
        if not spec.provision:
            return
        result = self._engine.execute(spec.name, spec.provision, timeout=_PROVISION_TIMEOUT)
        if result.exit_code != 0:
            raise EngineError(f"cannot set up '{spec.name}': {result.output.strip()[-300:]}")

    def _addresses(self, spec: ContainerSpec) -> dict[str, str]:
        return {
            attachment.network: address(self._project_subnet(), attachment.host_index)
            for attachment in spec.attachments
            if attachment.host_index is not None
        }

    def _project_subnet(self) -> str:
        with self._lock:
            if self._subnet is None:
                networks = self._engine.observe(self._identity.project).networks
                self._subnet = next((n.subnet for n in networks if n.name == self._network), None)
            if self._subnet is None:
                raise ObjectMissing(f"network '{self._network}' has no subnet", "run 'msctl down', then 'up'")
            return self._subnet
