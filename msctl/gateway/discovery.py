"""Keeps services that follow Consul equal to the catalog, and starts and stops watches at reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp

from msctl.gateway.config import ConsulConfig
from msctl.gateway.service import Service
from msctl.gateway.table import Table
from msctl.registry.watch import CatalogWatch, Consul


class Discovery:
    """One watch for each service that follows Consul; restarted when Consul's address changes."""

    def __init__(self, session: aiohttp.ClientSession, clock: Callable[[], float]) -> None:
        self._session = session
        self._clock = clock
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._consul: ConsulConfig | None = None

    async def follow(self, table: Table) -> None:
        """Watch what the table says, and nothing else."""
        consul = table.config.consul
        wanted = {name: s for name, s in table.services.items() if s.config.instances is None and consul}
        moved = consul != self._consul
        self._consul = consul
        for name in [name for name in self._watches if moved or name not in wanted]:
            await self._stop(name)
        for name, service in wanted.items():
            if name not in self._watches and consul is not None:
                self._watches[name] = asyncio.create_task(self._watch(service, consul).run())

    async def close(self) -> None:
        """Stop every watch."""
        for name in list(self._watches):
            await self._stop(name)

    def _watch(self, service: Service, consul: ConsulConfig) -> CatalogWatch:
        def reachable(trouble: str | None) -> None:
            service.catalog_trouble = trouble

        access = Consul(consul.address, lambda: read_token(consul.token_file))
        return CatalogWatch(service.name, access, self._session, service.use, reachable, self._clock)

    async def _stop(self, name: str) -> None:
        task = self._watches.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def read_token(token_file: str | None) -> str | None:
    """The token in a file, read anew each time because it can be replaced; None when there is none."""
    if token_file is None:
        return None
    try:
        return Path(token_file).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
