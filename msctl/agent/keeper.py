"""Brings back what was killed or hangs, later and later if it happens again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msctl import labels
from msctl.agent.duties import upkeep_of
from msctl.agent.member import Told
from msctl.agent.prober import Answer, Target, probe
from msctl.agent.revival import Patience, left_down, silent
from msctl.engine.port import Engine, EngineEvent, Identity
from msctl.errors import MsctlError, ObjectMissing
from msctl.model.desired import Probe
from msctl.model.observed import ObservedContainer

PERIOD = 1.0
REREAD = 5.0
"""The engine's list is read anew whenever something happened, and after so many seconds if nothing did."""

HESITATION = 0.4
"""A stop is told after the death it brought: the dead are not touched before that word can be here."""

FAILURES_TO_HANG = 3

Ask = Callable[[Target], Awaitable[Answer]]


@dataclass(slots=True)
class _Watch:
    """Liveness of one life of a container: a failure counts only after it was alive once."""

    incarnation: str
    due: float
    was_alive: bool = False
    failures: int = 0


class Keeper:
    """Starts containers that were killed and stay down, and kills those that hang.

    Docker's own restart policy brings back what ends by itself; what somebody stopped stays down.
    """

    def __init__(
        self,
        engine: Engine,
        project: str,
        told: Told,
        ask: Ask = probe,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._project = project
        self._told = told
        self._ask = ask
        self._clock = clock
        self._wake = asyncio.Event()
        self._stopped: set[str] = set()
        self._patience: dict[str, Patience] = {}
        self._watches: dict[str, _Watch] = {}
        self._down_since: dict[str, float] = {}
        self._trouble: str | None = None
        self._listed: tuple[ObservedContainer, ...] = ()
        self._outdated_at = clock()

    def heard(self, event: EngineEvent) -> None:
        """Remember who was stopped on purpose; a start or an end ends that, and the life that was watched."""
        self._outdated_at = self._clock()
        if event.action == "stop":
            self._stopped.add(event.container)
        elif event.action in {"start", "destroy"}:
            self._stopped.discard(event.container)
        if event.action in {"die", "start"}:
            self._watches.pop(event.container, None)
            self._wake.set()

    def trouble(self) -> str | None:
        """Why the last round failed."""
        return self._trouble

    def alive(self, name: str) -> bool:
        """Whether that container was seen alive in its present life."""
        watch = self._watches.get(name)
        return watch is not None and watch.was_alive

    async def run(self) -> None:
        """Round after round, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._round()
                self._trouble = None
            except MsctlError as error:
                self._trouble = error.message
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HESITATION if self._down_since else PERIOD):
                    await self._wake.wait()
            await asyncio.sleep(PERIOD / 10)

    async def _round(self) -> None:
        containers = await self._containers()
        self._forget_others({c.name for c in containers})
        down = [c for c in containers if c.state == "exited" and c.name not in self._stopped]
        now = self._clock()
        self._down_since = {c.name: self._down_since.get(c.name, now) for c in down}
        for container in down:
            if now - self._down_since[container.name] >= HESITATION:
                await self._revive(container)
        await asyncio.gather(*(self._examine(c) for c in containers if c.state == "running"))

    async def _containers(self) -> tuple[ObservedContainer, ...]:
        if self._clock() >= self._outdated_at:
            self._outdated_at = self._clock() + REREAD
            try:
                self._listed = await asyncio.to_thread(self._engine.containers, self._project)
            except MsctlError:
                self._outdated_at = self._clock()
                raise
        return self._listed

    async def _revive(self, listed: ObservedContainer) -> None:
        patience = self._patience.setdefault(listed.name, Patience())
        if not patience.due(self._clock()):
            return
        try:
            found = await asyncio.to_thread(self._engine.inspect, listed.name)
            if left_down(found):
                return
            self._patience[listed.name] = patience.tried(self._clock())
            await self._start(found)
        except ObjectMissing:
            return  # removed meanwhile
        self._told("restarted", listed.name, "it was killed")

    def _forget_others(self, names: set[str]) -> None:
        for gone in (self._patience.keys() | self._watches.keys()) - names:
            self._patience.pop(gone, None)
            self._watches.pop(gone, None)

    async def _examine(self, container: ObservedContainer) -> None:
        asked = upkeep_of(container).liveness
        address = container.addresses.get(labels.project_network(self._project))
        if asked is None or not address:
            return
        watch = self._watch(container, address)
        if self._clock() < watch.due:
            return
        watch.due = self._clock() + asked.interval
        answer = await self._ask(_target(container.name, asked, address))
        if self._watches.get(container.name) is not watch:
            return  # its next life has begun
        if not silent(answer):
            watch.was_alive, watch.failures = True, 0
            return
        watch.failures += watch.was_alive
        if watch.failures >= FAILURES_TO_HANG:
            await self._restart(container, answer.output)

    def _watch(self, container: ObservedContainer, address: str) -> _Watch:
        incarnation = f"{container.id}@{address}"
        watch = self._watches.get(container.name)
        if watch is None or watch.incarnation != incarnation:
            watch = self._watches[container.name] = _Watch(incarnation, self._clock())
        return watch

    async def _restart(self, container: ObservedContainer, answer: str) -> None:
        patience = self._patience.setdefault(container.name, Patience())
        if not patience.due(self._clock()):
            return
        self._patience[container.name] = patience.tried(self._clock())
        self._watches.pop(container.name, None)
        identity = Identity(self._project, container.origin)
        await asyncio.to_thread(self._engine.signal_container, identity, container.name, "SIGKILL")
        await self._start(container)
        self._told("restarted", container.name, f"it hung: {answer}")

    async def _start(self, container: ObservedContainer) -> None:
        identity = Identity(self._project, container.origin)
        await asyncio.to_thread(self._engine.start_container, identity, container.name)


def _target(name: str, asked: Probe, address: str) -> Target:
    return Target(name, asked.kind, address, asked.port, asked.path, max(asked.timeout, 1.0), 0.0)
