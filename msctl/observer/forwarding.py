"""Sends stored lines on to other systems: each at least once and in order, whoever is away meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import aiohttp

from msctl.observer.encodings import ENCODINGS, Posting
from msctl.observer.search import Question
from msctl.observer.store import LogStore
from msctl.telemetry.loglines.record import Wanted
from msctl.telemetry.loglines.transfer import Stored

AT_ONCE = 500
IDLE_SECONDS = 5.0
"""How long at most until new lines, and a new target, are noticed."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_NEVER_GOOD = frozenset({400, 413, 415, 422})
"""Statuses that say of a batch that it will never be taken."""

_log = logging.getLogger("msctl.observer.forwarding")


class News(Protocol):
    """Who knows when lines come."""

    async def wait(self, after: int, seconds: float) -> None: ...


class TargetAway(Exception):
    """The target does not answer, or not now."""


class Forwarder:
    """Follows the store for one ``kind`` of target, whose URL ``target`` gives as long as it is wanted.

    How far it has come stands in a file in ``folder``. A target that is declared while there are lines
    already gets those from then on; lines that the store gave up while it was away are lost to it.
    ``taken`` counts lines that it has, ``refused`` lines that it would not take.
    """

    def __init__(
        self,
        kind: str,
        target: Callable[[], tuple[str, str] | None],
        store: LogStore,
        news: News,
        session: aiohttp.ClientSession,
        folder: Path,
    ) -> None:
        self.kind = kind
        self.trouble: str | None = None
        self.taken = 0
        self.refused = 0
        self._target = target
        self._store = store
        self._news = news
        self._session = session
        self._path = folder / f"forwarded-{kind}"

    @property
    def wanted(self) -> bool:
        """Whether there is a target."""
        return self._target() is not None

    async def run(self) -> None:
        """Forward until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self._turn()
                pause = FIRST_PAUSE
            except TargetAway as exc:
                self._troubled(str(exc))
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)

    async def _turn(self) -> None:
        target = self._target()
        if target is None:
            self.trouble = None
            self._path.unlink(missing_ok=True)
            await asyncio.sleep(IDLE_SECONDS)
            return
        after = await asyncio.to_thread(self._begin)
        question = Question(wanted=Wanted(spans=True), after=after)
        lines = await asyncio.to_thread(self._store.later, question, AT_ONCE)
        if not lines:
            await self._news.wait(after, IDLE_SECONDS)
            return
        await self._send(*target, lines)
        await asyncio.to_thread(self._keep, lines[-1].id)

    async def _send(self, url: str, project: str, lines: Sequence[Stored]) -> None:
        postings = await asyncio.to_thread(ENCODINGS[self.kind], project, lines)
        well = True
        for posting in postings:
            well = await self._post(url, posting) and well
        if well:
            self.taken += len(lines)
            self._recovered()
        else:
            self.refused += len(lines)

    async def _post(self, url: str, posting: Posting) -> bool:
        """Whether it was taken; false if it never will be. Raises ``TargetAway``."""
        place = url.rstrip("/") + posting.path
        try:
            async with self._session.post(place, json=posting.document, timeout=_TIMEOUT) as response:
                status, words = response.status, (await response.text(errors="replace"))[:300]
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise TargetAway(f"{self.kind} does not answer: {exc or type(exc).__name__}") from exc
        if status in _NEVER_GOOD:
            self._troubled(f"{self.kind} refuses lines for good ({status}): {words}")
            return False
        if status >= 300:  # noqa: PLR2004
            raise TargetAway(f"{self.kind} answered {status}: {words}")
        return True

    def _begin(self) -> int:
        """How far it has come; from now on where it has not begun."""
        try:
            return int(self._path.read_text())
        except (OSError, ValueError):
            last = self._store.last_id
            self._keep(last)
            return last

    def _keep(self, last: int) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(str(last))
        new.replace(self._path)

    def _troubled(self, words: str) -> None:
        """Told once: this process's own lines are forwarded, too."""
        if self.trouble is None:
            _log.warning("lines are not forwarded: %s", words)
        self.trouble = words

    def _recovered(self) -> None:
        if self.trouble is not None:
            _log.info("lines are forwarded to %s again", self.kind)
        self.trouble = None
