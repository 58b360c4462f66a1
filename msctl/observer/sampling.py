"""Scrapes services and gateway, only while somebody looks; keeps the last minutes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import aiohttp

from msctl.observer.exposition import Sample, Traffic, parse, traffic

KEPT = 90
INTERVAL = 2.0
WINDOW = 5
"""So many intervals go into a rate: shorter ones jump, longer ones lag."""

_TIMEOUT = aiohttp.ClientTimeout(total=1.5)


class Sampler:
    """Samples by process; ``targets`` gives metrics' URLs by service (the gateway is one) and process."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        targets: Callable[[], Mapping[str, Mapping[str, str]]],
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._targets = targets
        self._clock = clock
        self._samples: dict[str, deque[Sample]] = {}
        self._lines: dict[str, deque[float]] = {}
        self._looked = -1e9
        self._sampled = -1e9
        self._lock = asyncio.Lock()

    async def look(self) -> tuple[Mapping[str, Traffic], Mapping[str, Sequence[float]]]:
        """Traffic by service, and how its rate was before; samples anew if the last are old."""
        async with self._lock:
            if self._clock() - self._sampled > INTERVAL * 3:
                self._samples.clear()
                await self._sample()
                await asyncio.sleep(min(1.0, INTERVAL))
            if self._clock() - self._sampled >= INTERVAL * 0.9 or not self._ready():
                await self._sample()
        return self._traffic(), {name: tuple(line) for name, line in self._lines.items()}

    def _ready(self) -> bool:
        return any(len(samples) > 1 for samples in self._samples.values())

    async def _sample(self) -> None:
        targets = [(process, url) for urls in self._targets().values() for process, url in urls.items()]
        found = await asyncio.gather(*(self._scrape(url) for _, url in targets))
        self._sampled = self._clock()
        for (process, _), text in zip(targets, found, strict=True):
            kept = self._samples.setdefault(process, deque(maxlen=WINDOW + 1))
            if text is None:
                kept.clear()
            else:
                kept.append(Sample(self._clock(), parse(text)))
        for name, now in self._traffic().items():
            self._lines.setdefault(name, deque(maxlen=KEPT)).append(now.rate)

    def _traffic(self) -> dict[str, Traffic]:
        targets = self._targets()
        made = {}
        gateway = self._span("gateway")
        for service, urls in targets.items():
            spans = [span for process in urls if (span := self._span(process)) is not None]
            if spans:
                made[service] = traffic(spans)
            elif gateway is not None:
                made[service] = traffic([gateway], service)
        return made

    def _span(self, process: str) -> tuple[Sample, Sample] | None:
        samples = self._samples.get(process)
        return (samples[0], samples[-1]) if samples is not None and len(samples) > 1 else None

    async def _scrape(self, url: str) -> str | None:
        try:
            async with self._session.get(url, timeout=_TIMEOUT) as response:
                return await response.text() if response.status == 200 else None  # noqa: PLR2004
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError):
            return None
