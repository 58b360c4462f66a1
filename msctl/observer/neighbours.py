"""Asks agent and Prometheus, only while somebody looks; one that does not answer is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import aiohttp

from msctl.observer.told import TRAFFIC, Told, alerts, figures, lines

INTERVAL = 5.0
STEP = 15
POINTS = 90
_TIMEOUT = aiohttp.ClientTimeout(total=4.0)


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs of the agent and of Prometheus."""

    agent: str = "http://agent:8081"
    metrics: str = "http://metrics:9090"


class AgentAway(Exception):
    """The agent does not answer, or could not."""


class Neighbours:
    """``has_metrics`` tells whether there is a Prometheus; ``token`` is what the agent wants to see.

    ``clock`` is monotonic seconds, ``wall`` seconds since 1970.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        has_metrics: Callable[[], bool],
        token: str,
        places: Places,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._session = session
        self._has_metrics = has_metrics
        self._token = token
        self._places = places
        self._clock = clock
        self._wall = wall
        self._told = Told()
        self._looked: float | None = None
        self._lock = asyncio.Lock()

    async def look(self) -> Told:
        """What they say, at most ``INTERVAL`` seconds old."""
        async with self._lock:
            if self._looked is None or self._clock() - self._looked >= INTERVAL:
                agent, (fired, drawn) = await asyncio.gather(self._figures(), self._prometheus())
                self._told = replace(agent, alerts=fired, lines=drawn)
                self._looked = self._clock()
            return self._told

    async def letters(self) -> Any:
        """What services gave up; raises ``AgentAway`` with why nobody can say."""
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with self._session.get(
                f"{self._places.agent}/-/dead", headers=headers, timeout=_TIMEOUT
            ) as response:
                found = await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
            raise AgentAway(f"the agent does not answer: {exc or type(exc).__name__}") from exc
        if response.status != HTTPStatus.OK:
            raise AgentAway(str(found.get("error", response.status)))
        return found

    async def _figures(self) -> Told:
        try:
            async with self._session.get(f"{self._places.agent}/metrics", timeout=_TIMEOUT) as response:
                return figures(await response.text()) if response.status == HTTPStatus.OK else Told()
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError):
            return Told()

    async def _prometheus(self) -> tuple[list[dict[str, Any]] | None, Mapping[str, list[float]]]:
        if not self._has_metrics():
            return None, {}
        end = int(self._wall() / STEP) * STEP
        query = {"query": TRAFFIC, "start": str(end - STEP * POINTS), "end": str(end), "step": str(STEP)}
        try:
            return (
                alerts(await self._answer("/api/v1/alerts", {})),
                lines(await self._answer("/api/v1/query_range", query)),
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None, {}

    async def _answer(self, path: str, query: Mapping[str, str]) -> Any:
        async with self._session.get(
            f"{self._places.metrics}{path}", params=query, timeout=_TIMEOUT
        ) as response:
            return await response.json()
