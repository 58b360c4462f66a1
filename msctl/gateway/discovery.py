"""Keeps services that follow Consul equal to the catalog, and starts and stops watches at reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp

from msctl.gateway.config import ConsulConfig
from msctl.gateway.identities import Identities
from msctl.gateway.service import Service
from msctl.gateway.table import Table
from msctl.labels import TOKENS_KEY
from msctl.registry.keywatch import KeyWatch
from msctl.registry.watch import CatalogWatch, Consul


class Discovery:
    """One watch for each service that follows Consul; restarted when Consul's address changes."""

    def __init__(self, session: aiohttp.ClientSession, clock: Callable[[], float]) -> None:
        self._session = session
        self._clock = clock
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._consul: ConsulConfig | None = None
        self._identities: Identities | None = None
        self._followers: list[asyncio.Task[None]] = []

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
        await self._follow_tokens(table.identities, moved=moved)

    async def _follow_tokens(self, identities: Identities | None, *, moved: bool) -> None:
        """Keys and revocations are asked of auth; Consul tells when."""
        if identities is self._identities and not moved:
            return
        for task in self._followers:
            task.cancel()
        await asyncio.gather(*self._followers, return_exceptions=True)
        self._followers, self._identities = [], identities
        if identities is None:
            return
        follower = identities.connect(self._session, self._clock)
        self._followers = [asyncio.create_task(follower.run())]
        if self._consul is not None:
            access = _access(self._consul)
            watch = KeyWatch(TOKENS_KEY, access, self._session, follower.poke, self._clock)
            self._followers.append(asyncio.create_task(watch.run()))

    async def close(self) -> None:
        """Stop every watch."""
        for name in list(self._watches):
            await self._stop(name)
        await self._follow_tokens(None, moved=True)

    def _watch(self, service: Service, consul: ConsulConfig) -> CatalogWatch:
        def reachable(trouble: str | None) -> None:
            service.catalog_trouble = trouble

        return CatalogWatch(service.name, _access(consul), self._session, service.use, reachable, self._clock)

    async def _stop(self, name: str) -> None:
        task = self._watches.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _access(consul: ConsulConfig) -> Consul:
    return Consul(consul.address, lambda: read_token(consul.token_file))


def read_token(token_file: str | None) -> str | None:
    """The token in a file, read anew each time because it can be replaced; None when there is none."""
    if token_file is None:
        return None
    try:
        return Path(token_file).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
