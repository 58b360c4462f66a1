"""Follows Consul's verdicts with blocking queries, and keeps every change of health with its cause."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import aiohttp

from msctl.observer.history import History
from msctl.observer.overview import Checks, checks_of

_WAIT = "55s"
_TIMEOUT = aiohttp.ClientTimeout(total=70)
_RETRY = 1.0
_PAUSE = 0.2

_log = logging.getLogger("msctl.observer")


class HealthWatch:
    """``checks`` is ``None`` while Consul does not answer; ``changed`` wakes who waits for news."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        consul: str,
        history: History,
        mine: Callable[[str], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = session
        self._consul = consul
        self._history = history
        self._mine = mine
        self._now = now
        self.checks: Checks | None = None
        self.since: Mapping[str, str] = {}
        self.changed = asyncio.Condition()

    async def run(self) -> None:
        """Follow until cancelled."""
        index = 0
        while True:
            try:
                index = await self._turn(index)
                await asyncio.sleep(_PAUSE)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
                if self.checks is not None:
                    _log.warning("the registry does not answer: %s", exc)
                    self.checks = None
                    await self._tell()
                index = 0
                await asyncio.sleep(_RETRY)

    async def _turn(self, index: int) -> int:
        url = f"{self._consul}/v1/health/state/any"
        query = {"index": str(index), "wait": _WAIT}
        async with self._session.get(url, params=query, timeout=_TIMEOUT) as response:
            if response.status != 200:  # noqa: PLR2004
                raise ValueError(f"status {response.status}")
            found = await response.json()
            newer = int(response.headers.get("X-Consul-Index", "0"))
        checks = {i: verdict for i, verdict in checks_of(found).items() if self._mine(i)}
        if checks != self.checks:
            self.checks = checks
            await asyncio.to_thread(self._history.see, checks, self._now())
            self.since = await asyncio.to_thread(self._since)
            await self._tell()
        return newer if newer >= index else 0

    def _since(self) -> dict[str, str]:
        """When each part became what it is."""
        found: dict[str, str] = {}
        for change in self._history.changes(count=2000):
            found.setdefault(change.subject, change.time)
        return found

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()
