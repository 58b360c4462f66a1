"""The engine's events, carried from a thread that waits for them into the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from msctl.agent.member import Member, Told
from msctl.engine.port import Engine, EngineEvent
from msctl.errors import MsctlError

RETRY = 1.0


class Hearing:
    """Subscribes again whenever the engine went away; what happened meanwhile is seen by the next pass."""

    def __init__(self, engine: Engine, project: str, members: Sequence[Member], told: Told) -> None:
        self._engine = engine
        self._project = project
        self._members = members
        self._told = told
        self._stop = threading.Event()
        self._trouble: str | None = None

    def heard(self, event: EngineEvent) -> None:
        """Its own events are not for it."""

    def trouble(self) -> str | None:
        """Why events cannot be heard."""
        return self._trouble

    async def run(self) -> None:
        """Listen until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.to_thread(self._listen, loop)
                await asyncio.sleep(RETRY)
        finally:
            self._stop.set()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            events = self._engine.events(self._project, self._stop)
            self._trouble = None
            for event in events:
                loop.call_soon_threadsafe(self._spread, event)
        except MsctlError as error:
            self._trouble = error.message
        except RuntimeError:
            if not self._stop.is_set():  # else the loop has ended while this thread still listened
                raise

    def _spread(self, event: EngineEvent) -> None:
        for member in self._members:
            member.heard(event)
