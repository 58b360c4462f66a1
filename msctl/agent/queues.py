"""The broker's queues as the agent sees them over AMQP: how deep they are, and what services gave up."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from msctl.broker.client import Broker
from msctl.broker.messages import DeadLetter, dead_letter
from msctl.broker.topology import dead_queue
from msctl.errors import BrokerError
from msctl.model.secret import Secret

KEPT_SECONDS = 10.0
MOST_LETTERS = 200
"""Dead letters of one service that are shown at a time, the oldest."""

_TIMEOUT = 2.0

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Depth:
    """Events of one subscribing service: those that wait, who takes them, and those it gave up."""

    waiting: int
    consumers: int
    dead: int


class Queues:
    """Reads ``path`` (a JSON document with ``url`` and ``services``) at each look, since it may change.

    One connection, used by one thread; it is opened at first use, and anew after trouble.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queues")
        self._broker: Broker | None = None
        self._url: str | None = None
        self._depths: Mapping[str, Depth] = {}
        self._looked: float | None = None

    async def depths(self) -> Mapping[str, Depth]:
        """By service, at most ``KEPT_SECONDS`` old; nothing while the broker does not answer."""
        if self._looked is None or self._clock() - self._looked >= KEPT_SECONDS:
            try:
                self._depths = await self._asked(_depths)
            except BrokerError:
                self._depths = {}
            self._looked = self._clock()
        return self._depths

    async def letters(self) -> list[DeadLetter]:
        """What services gave up; raises ``BrokerError``."""
        return await self._asked(_letters)

    async def _asked(self, question: Callable[[Broker, Sequence[str]], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question)

    def _ask(self, question: Callable[[Broker, Sequence[str]], Answer]) -> Answer:
        """An idle connection may have been given up by the broker, so trouble is tried once more."""
        url, services = self._declared()
        kept = self._broker if url == self._url else None
        try:
            return question(kept or self._open(url), services)
        except BrokerError:
            self._shut()
            if kept is None:
                raise
            return question(self._open(url), services)

    def _declared(self) -> tuple[str, list[str]]:
        try:
            declared = json.loads(self._path.read_text())
            return str(declared["url"]), [str(name) for name in declared["services"]]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise BrokerError(f"where the broker is cannot be read: {exc}") from exc

    def _open(self, url: str) -> Broker:
        self._shut()
        made = Broker(Secret(url), timeout=_TIMEOUT)
        self._broker, self._url = made, url
        return made

    def _shut(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.close()


def _depths(broker: Broker, services: Sequence[str]) -> dict[str, Depth]:
    facts = broker.facts_of([queue for name in services for queue in (name, dead_queue(name))])
    found = {}
    for name in services:
        queue, dead = facts.get(name), facts.get(dead_queue(name))
        if queue is not None:
            found[name] = Depth(queue.messages, queue.consumers, dead.messages if dead is not None else 0)
    return found


def _letters(broker: Broker, services: Sequence[str]) -> list[DeadLetter]:
    found: list[DeadLetter] = []
    for name in services:
        if broker.queue_facts(dead_queue(name)) is None:
            continue
        with broker.holding(dead_queue(name)) as messages:
            found += [
                dead_letter(name, held.message)
                for held, _ in zip(messages, range(MOST_LETTERS), strict=False)
            ]
    return found
