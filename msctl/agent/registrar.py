"""Keeps the catalog equal to what runs: at the engine's events, and every few seconds whatever happened."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msctl import labels
from msctl.agent.duties import Candidate, duties, question, still_missing, target_of
from msctl.agent.member import Catalog, Told
from msctl.agent.prober import Answer, Target, probe
from msctl.engine.port import Engine, EngineEvent
from msctl.errors import MsctlError, ObjectMissing
from msctl.model.upkeep import decode

PERIOD = 3.0
SETTLE = 0.03
"""Events come in bursts: one reading answers a whole burst."""

BETWEEN_PASSES = 0.2
FIRST_PAUSE = 0.03
LONGEST_PAUSE = 1.0
GROWTH = 1.05

Ask = Callable[[Target], Awaitable[Answer]]


@dataclass(slots=True)
class _Asking:
    """The question whether one life of an instance is ready."""

    incarnation: str
    task: asyncio.Task[None]


class Registrar:
    """Level-triggered: each pass reads everything and repairs the difference; an event only hurries it."""

    def __init__(
        self,
        engine: Engine,
        catalog: Catalog,
        project: str,
        told: Told,
        externals: Callable[[], tuple[Candidate, ...]] = tuple,
        ask: Ask = probe,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._project = project
        self._told = told
        self._externals = externals
        self._ask = ask
        self._now = now
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._asking: dict[str, _Asking] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._trouble: str | None = "starting"

    def heard(self, event: EngineEvent) -> None:
        """A death takes the entry out at once; everything else only hurries the next pass."""
        upkeep = decode(event.attributes.get(labels.UPKEEP, ""))
        if event.action == "die" and (upkeep.registration is not None or upkeep.self_registers):
            self._stop_asking(event.container)
            task = asyncio.create_task(self._farewell(event))
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)
        self.wake()

    def wake(self) -> None:
        """Let the next pass come now."""
        self._wake.set()

    def trouble(self) -> str | None:
        """Why the last pass failed."""
        return self._trouble

    async def run(self) -> None:
        """Pass after pass, until cancelled."""
        try:
            while True:
                self._wake.clear()
                await self._pass()
                await asyncio.sleep(BETWEEN_PASSES)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PERIOD - BETWEEN_PASSES):
                        await self._wake.wait()
                await asyncio.sleep(SETTLE)
        finally:
            for name in list(self._asking):
                self._stop_asking(name)

    async def _pass(self) -> None:
        try:
            async with self._writing:
                found = await asyncio.to_thread(self._catalog.entries, self._project)
                containers = await asyncio.to_thread(self._engine.containers, self._project)
                todo = duties(self._project, containers, found, self._now(), self._externals())
                running = {c.name for c in containers if c.state == "running"}
                for entry_id in dict.fromkeys(e.entry.id for e in todo.surplus):
                    if entry_id in running or not await self._well_again(entry_id):
                        await self._leave(entry_id, "nothing runs behind this entry")
        except MsctlError as error:
            self._say_trouble(error.message)
            return
        self._say_trouble(None)
        self._ask_for({candidate.entry.id: candidate for candidate in todo.missing})

    def _ask_for(self, missing: dict[str, Candidate]) -> None:
        for name, asking in list(self._asking.items()):
            wanted = missing.get(name)
            if wanted is None or wanted.incarnation != asking.incarnation or asking.task.done():
                self._stop_asking(name)
        for name, candidate in missing.items():
            if name not in self._asking:
                task = asyncio.create_task(self._enter_when_ready(candidate))
                self._asking[name] = _Asking(candidate.incarnation, task)

    async def _enter_when_ready(self, candidate: Candidate) -> None:
        """Ask in tens of milliseconds, less often as time goes by, and enter at the first good answer."""
        pause = FIRST_PAUSE
        while not await self._ready(candidate):
            await asyncio.sleep(pause)
            pause = min(pause * GROWTH, LONGEST_PAUSE)
        try:
            async with self._writing:
                found = await asyncio.to_thread(self._catalog.entries, self._project)
                if not still_missing(self._project, candidate.entry, found, self._now()):
                    return  # 'up' was quicker, or is about to stop it
                await asyncio.to_thread(self._catalog.register, candidate.entry)
        except MsctlError as error:
            self._say_trouble(error.message)
            return
        place = f"{candidate.entry.address}:{candidate.entry.port}"
        self._told("registered", candidate.entry.id, f"ready at {place}")

    async def _ready(self, candidate: Candidate) -> bool:
        asked, entry = candidate.probe, candidate.entry
        target = None if asked is None else target_of(entry.id, asked, entry.address, entry.port)
        return target is None or (await self._ask(target)).ok

    def _stop_asking(self, name: str) -> None:
        asking = self._asking.pop(name, None)
        if asking is not None:
            asking.task.cancel()

    async def _farewell(self, event: EngineEvent) -> None:
        code = event.attributes.get("exitCode", "")
        try:
            if await self._has_begun_anew(event) and await self._well_again(event.container):
                return
            async with self._writing:
                await self._leave(event.container, f"exited with code {code}" if code else "exited")
        except MsctlError as error:
            self._say_trouble(error.message)
        self.wake()  # its successor may have started while its entry still stood

    async def _has_begun_anew(self, death: EngineEvent) -> bool:
        """Whether word of a death comes late: a successor of that name, or that container anew, runs by now.

        The engine lists what has just died as running for a moment more, and questions to it would hang.
        """
        try:
            found = await asyncio.to_thread(self._engine.inspect, death.container)
        except ObjectMissing:
            return False
        return found.state == "running" and found.started_at is not None and found.started_at > death.time

    async def _well_again(self, name: str) -> bool:
        """Whether that container runs and is ready just now: it is not what died."""
        containers = await asyncio.to_thread(self._engine.containers, self._project)
        found = next((c for c in containers if c.name == name and c.state == "running"), None)
        target = None if found is None else question(self._project, found)
        return target is not None and (await self._ask(target)).ok

    async def _leave(self, entry_id: str, why: str) -> None:
        await asyncio.to_thread(self._catalog.deregister, entry_id)
        self._told("deregistered", entry_id, why)

    def _say_trouble(self, trouble: str | None) -> None:
        if trouble is not None and trouble != self._trouble:
            self._told("trouble", self._project, trouble)
        self._trouble = trouble
