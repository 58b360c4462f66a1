"""Follow one service's passing instances in Consul by blocking queries, as whole snapshots.

Plain HTTP against Consul's documented API (1.8 and later). The last known good snapshot stays in
force while Consul is away, and for a while after it came back: it may have lost its memory, and a new
leader takes nodes out of the catalog that it has not heard from yet. A Consul that has no leader still
tells what it knew last, and is asked again soon.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from msctl.errors import RegistryError
from msctl.resilience.endpoints import Address

BLOCK_SECONDS = 30.0
ANSWER_SECONDS = 37.0
CONNECT_SECONDS = 2.0
DOUBTFUL_WAIT_SECONDS = 2.0
DOUBT_SECONDS = 30.0
LONGEST_BACKOFF = 3.0
STARTING_BACKOFF = 0.5
STARTING_TRIES = 60
IDLE_COST = 0.5
NEWS_COST = 0.05
AT_ONCE = 8
HTTP_OK = 200
LEADERLESS = "Consul has no leader; it says what it knew last"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of Consul: its index, the passing instances, and whether it knows a leader."""

    index: int
    addresses: tuple[Address, ...]
    led: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What the watcher holds.

    ``addresses`` is None before the first answer; ``troubled_at`` is when Consul was last in trouble, and
    None once it is believed again.
    """

    index: int = 0
    addresses: tuple[Address, ...] | None = None
    troubled_at: float | None = None


def advance(known: Known, reply: Reply, now: float) -> Known:
    """Take an answer in: an index that went backwards restarts from 0, and marks a Consul without memory.

    For as long as its entries may need to come back, a Consul that was in trouble is not believed when it
    knows no instance.
    """
    went_back = reply.index < known.index
    troubled_at = now if went_back or not reply.led else known.troubled_at
    if troubled_at is not None and now - troubled_at >= DOUBT_SECONDS:
        troubled_at = None
    index = 0 if went_back or reply.index <= 0 else reply.index
    doubted = troubled_at is not None and not reply.addresses and known.addresses
    return Known(index, known.addresses if doubted else reply.addresses, troubled_at)


def read_addresses(document: Sequence[Mapping[str, Any]]) -> tuple[Address, ...]:
    """Instances out of a ``/v1/health/service`` document; the node's address where a service has none."""
    return tuple(_address(entry["Service"], entry.get("Node") or {}) for entry in document)


def _address(service: Mapping[str, Any], node: Mapping[str, Any]) -> Address:
    weights = service.get("Weights") or {}
    host = service.get("Address") or node.get("Address") or ""
    weight = max(1, int(weights.get("Passing") or 1))
    entry = service.get("CreateIndex")
    return Address(str(service["ID"]), str(host), int(service["Port"]), weight, entry)


class Pace:
    """Two queries a second over time that could not block or told nothing new, twenty that did.

    A Consul that answers at once for no reason is so never asked in a hot loop, and one whose
    instances die and come back is followed as they do. After a quiet while eight come at once:
    the instances of a service that starts are entered one after the other, and each is wanted.
    """

    def __init__(self) -> None:
        self._paid_until = -math.inf

    def delay(self, now: float) -> float:
        """Seconds to wait before the next query."""
        return max(0.0, self._paid_until - (AT_ONCE - 1) * IDLE_COST - now)

    def asked(self, now: float, *, news: bool) -> None:
        """A query was answered, with ``news`` if its index moved on from one that Consul could wait on."""
        self._paid_until = max(self._paid_until, now) + (NEWS_COST if news else IDLE_COST)


@dataclass(frozen=True, slots=True)
class Consul:
    """How to reach Consul: its base URL, and the token at the moment of asking."""

    url: str
    token: Callable[[], str | None]


class CatalogWatch:
    """Calls ``changed`` with every new snapshot, and ``reachable`` with None or what is wrong with Consul."""

    def __init__(
        self,
        service: str,
        consul: Consul,
        session: aiohttp.ClientSession,
        changed: Callable[[tuple[Address, ...]], None],
        reachable: Callable[[str | None], None],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._service = service
        self._consul = consul
        self._session = session
        self._changed = changed
        self._reachable = reachable
        self._clock = clock
        self._sleep = sleep
        self._dice = dice
        self._known = Known()
        self._pace = Pace()
        self._errors = 0

    async def run(self) -> None:
        """Follow the service until cancelled."""
        while True:
            await self._sleep(self._pace.delay(self._clock()))
            try:
                reply = await self._ask()
            except RegistryError as exc:
                self._pace.asked(self._clock(), news=False)
                await self._failed(exc)
            else:
                waited = self._known.index > 0 and not self._errors
                self._pace.asked(self._clock(), news=waited and reply.index > self._known.index)
                self._take(reply)

    def _take(self, reply: Reply) -> None:
        self._errors = 0
        self._reachable(None if reply.led else LEADERLESS)
        before = self._known.addresses
        self._known = advance(self._known, reply, self._clock())
        if self._known.addresses is not None and self._known.addresses != before:
            self._changed(self._known.addresses)

    async def _failed(self, exc: RegistryError) -> None:
        self._errors += 1
        self._known = replace(self._known, troubled_at=self._clock())
        self._reachable(exc.message)
        await self._sleep(self._ceiling() * (0.5 + 0.5 * self._dice()))

    def _ceiling(self) -> float:
        """Short while a system starts: Consul may just be about to know the token, and calls wait for it."""
        if self._known.addresses is None and self._errors <= STARTING_TRIES:
            return STARTING_BACKOFF
        return min(LONGEST_BACKOFF, 0.5 * 2.0 ** min(self._errors, 8))

    async def _ask(self) -> Reply:
        """After trouble at once, so that it is known to be over though nothing changed."""
        url = f"{self._consul.url}/v1/health/service/{self._service}"
        index = 0 if self._errors else self._known.index
        query = {"passing": "1", "stale": "", "index": str(index), "wait": f"{self._wait():g}s"}
        token = self._consul.token()
        headers = {"X-Consul-Token": token} if token else {}
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.get(url, params=query, headers=headers, timeout=timeout) as answer:
                if answer.status != HTTP_OK:
                    raise RegistryError(f"Consul answered {answer.status} for service '{self._service}'")
                document = await answer.json(content_type=None)
                index = int(answer.headers.get("X-Consul-Index", "0"))
                led = answer.headers.get("X-Consul-KnownLeader") != "false"
                return Reply(index, read_addresses(document), led)
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise RegistryError(f"Consul does not answer: {exc or type(exc).__name__}") from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise RegistryError(f"Consul's answer for '{self._service}' is not understood") from exc

    def _wait(self) -> float:
        """Soon again while Consul is not believed: its silence must end the doubt in time."""
        return BLOCK_SECONDS if self._known.troubled_at is None else DOUBTFUL_WAIT_SECONDS
