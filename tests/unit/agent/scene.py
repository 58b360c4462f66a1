"""A machine for the agent: the engine in memory, a catalog as a dictionary, scripted instances."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from msctl.agent.hearing import Hearing
from msctl.agent.member import Member
from msctl.agent.prober import Answer, Target
from msctl.engine.memory import MemoryEngine
from msctl.engine.port import EngineEvent, Identity, StopSignal
from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META
from msctl.model.desired import Attachment, ContainerSpec, NetworkSpec, Probe, Registration
from msctl.registry.entry import Entry, FoundEntry

IDENTITY = Identity("shop", "here:/shop")
DEADLINE = 60.0


def instance(number: int = 1, **changes: Any) -> ContainerSpec:
    """Orders' specification, registered by the platform and asked for liveness."""
    spec = ContainerSpec(
        name=f"shop-orders-{number}",
        role="service",
        image="i",
        image_identity="i",
        service="orders",
        instance=number,
        attachments=(Attachment("shop", (), 15 + number),),
        probe=Probe("http", 8000, "/readyz"),
        registration=Registration("orders", 8000),
        liveness=Probe("http", 8000, "/livez", interval=0.01),
    )
    return replace(spec, **changes)


def own_master(number: int = 1) -> ContainerSpec:
    """The same, registering itself."""
    return instance(number, registration=None, self_registers=True)


class FakeCatalog:
    """Consul as a dictionary."""

    def __init__(self) -> None:
        self.held: dict[str, FoundEntry] = {}
        self.away = False
        self.writes: list[str] = []

    def entries(self, project: str) -> tuple[FoundEntry, ...]:
        self._check()
        return tuple(self.held.values())

    def register(self, entry: Entry) -> None:
        self._check()
        self.writes.append(f"register {entry.id}")
        self.held[entry.id] = FoundEntry(entry, "registry")

    def deregister(self, entry_id: str) -> None:
        self._check()
        self.writes.append(f"deregister {entry_id}")
        self.held.pop(entry_id, None)

    def put(self, entry_id: str, project: str = "shop", **more: Any) -> None:
        """Let an entry be found that somebody else made."""
        made = Entry(entry_id, "orders", "10.9.9.9", 8000, {REGISTRY_META: project})
        self.held[entry_id] = FoundEntry(made, "registry", **more)

    def _check(self) -> None:
        if self.away:
            raise RegistryError("Consul does not answer")


class Scene:
    """Everything together; ``answers`` maps ``name/path`` to what the instance says."""

    def __init__(self) -> None:
        self.engine = MemoryEngine()
        self.catalog = FakeCatalog()
        self.told: list[tuple[str, str, str]] = []
        self.answers: dict[str, Answer] = {}
        self.engine.create_network(IDENTITY, NetworkSpec("shop", "project", addressed=True), "10.192.0.0/22")

    def tell(self, event: str, subject: str, words: str) -> None:
        """Take what a member tells."""
        self.told.append((event, subject, words))

    async def ask(self, target: Target) -> Answer:
        """What the instance answers."""
        await asyncio.sleep(0)
        return self.answers.get(f"{target.id}{target.path}", Answer(True, "200"))

    def start(self, spec: ContainerSpec) -> None:
        """Make a container and start it."""
        index = spec.attachments[0].host_index
        self.engine.create_container(IDENTITY, spec, "h", {"shop": f"10.192.0.{index}"})
        self.engine.start_container(IDENTITY, spec.name)

    def state(self, name: str) -> str:
        """The container's state."""
        return self.engine.inspect(name).state

    @asynccontextmanager
    async def at_work(self, member: Member) -> AsyncIterator[None]:
        """Let a member work and hear the engine's events, for the block."""
        listening, events = asyncio.Event(), self.engine.events
        loop = asyncio.get_running_loop()

        def followed(project: str, stop: StopSignal) -> Iterator[EngineEvent]:
            found = events(project, stop)
            loop.call_soon_threadsafe(listening.set)
            return found

        self.engine.events = followed  # type: ignore[method-assign]
        hearing = Hearing(self.engine, "shop", (member,), self.tell)
        tasks = [asyncio.create_task(hearing.run()), asyncio.create_task(member.run())]
        try:
            await listening.wait()
            await asyncio.sleep(0.05)
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; fails when it does not come."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"told: {self.told}, held: {self.catalog.held}"
            await asyncio.sleep(0.005)
