"""One called service at run time: its circuit, instances, balancer, budget, bulkhead and connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msctl.gateway.config import UpstreamConfig, breaker_settings
from msctl.gateway.files import FileBudget
from msctl.gateway.pool import Pool
from msctl.gateway.problems import NO_INSTANCE
from msctl.gateway.timers import Timers
from msctl.resilience.balancer import balancer
from msctl.resilience.breaker import Breaker, CircuitState
from msctl.resilience.concurrency import ConcurrencyLimit
from msctl.resilience.endpoints import Address, EjectionSettings, Endpoint, Endpoints
from msctl.resilience.latency import UsualLatency
from msctl.resilience.retry import RetryBudget

MAX_CONCURRENT = 1000
"""Calls under way to one service unless its document says otherwise: nothing is unbounded."""


@dataclass(frozen=True, slots=True)
class Nature:
    """Time and chance, injected; ``dice`` gives numbers in [0, 1), ``bits`` random integers of a width.

    ``clock`` measures spans, ``wall`` tells seconds since 1970.
    """

    clock: Callable[[], float]
    dice: Callable[[], float]
    bits: Callable[[int], int]
    wall: Callable[[], float] = time.time


Transition = Callable[[str, CircuitState, CircuitState], None]


class Service:
    """Keeps its state over reloads; only what a new document changes is made anew.

    ``retried`` counts an attempt made again.
    """

    def __init__(
        self,
        config: UpstreamConfig,
        nature: Nature,
        transition: Transition,
        retried: Callable[[], None] = lambda: None,
        files: FileBudget | None = None,
    ) -> None:
        self.name = config.name
        self.config = config
        self.nature = nature
        self.retried = retried
        self._transition = transition
        self.breaker = self._make_breaker()
        self.endpoints = Endpoints(EjectionSettings(), nature.clock, awaits_check=config.health is not None)
        self.pool = Pool(nature.clock, (files or FileBudget()).share())
        self.timers = Timers(nature.clock)
        self.budget = RetryBudget(nature.clock)
        self.bulkhead = ConcurrencyLimit(config.max_concurrent or MAX_CONCURRENT)
        self.latencies: dict[str, UsualLatency] = {}
        self.catalog_trouble: str | None = None
        self._choose = balancer(config.balance, nature.dice)
        self._use_fixed_instances()

    def reconfigure(self, config: UpstreamConfig) -> None:
        """Take over a new document."""
        old, self.config = self.config, config
        if config.circuit != old.circuit:
            self.breaker = self._make_breaker()
        if config.balance != old.balance:
            self._choose = balancer(config.balance, self.nature.dice)
        self.bulkhead.limit = config.max_concurrent or MAX_CONCURRENT
        self.endpoints.awaits_check = config.health is not None
        self.latencies.clear()
        self._use_fixed_instances()

    @property
    def takes_calls(self) -> bool:
        """Whether a call would be let through now."""
        return not self.bulkhead.is_full and (self.breaker is None or self.breaker.refusal() is None)

    def latency(self, label: str) -> UsualLatency:
        """How long answers to one kind of call take; ``label`` is out of the document, never of a request."""
        known = self.latencies.get(label)
        if known is None:
            known = self.latencies[label] = UsualLatency()
        return known

    def pick(self, tried: Sequence[Endpoint]) -> Endpoint | None:
        """The instance for the next attempt."""
        candidates = self.endpoints.candidates(tried)
        return self._choose(candidates) if candidates else None

    def use(self, addresses: Iterable[Address]) -> None:
        """Take over a snapshot of the instances; that there were none is not held against the first ones."""
        was_empty = not self.endpoints.all
        for gone in self.endpoints.replace(addresses):
            self.pool.forget(gone)
        if was_empty and self.endpoints.all and self.breaker is not None:
            _forgive(self.breaker)

    def _use_fixed_instances(self) -> None:
        if self.config.instances is not None:
            self.use(self.config.instances)

    def _make_breaker(self) -> Breaker | None:
        if self.config.circuit is None:
            return None
        nature, name = self.nature, self.name
        return Breaker(
            breaker_settings(self.config.circuit),
            nature.clock,
            nature.dice,
            lambda old, new: self._transition(name, old, new),
        )


def _forgive(breaker: Breaker) -> None:
    """A circuit that opened for want of an instance is tried at once, one about to do so forgets that."""
    view = breaker.view()
    if view.cause == NO_INSTANCE:
        breaker.try_now()
    elif view.state is CircuitState.CLOSED and view.tally.cause == NO_INSTANCE:
        breaker.reset()
