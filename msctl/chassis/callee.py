"""What a service knows of another one that it calls: its instances, its circuit and what retries may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msctl.resilience.balancer import LeastOutstanding
from msctl.resilience.breaker import Breaker, BreakerSettings, CircuitState
from msctl.resilience.endpoints import Address, EjectionSettings, Endpoint, Endpoints
from msctl.resilience.refusal import retry_at, whole_seconds
from msctl.resilience.retry import RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

PORT = 8000


class Callee:
    """One called service. Until the registry has named its instances, its DNS name stands for them."""

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        dice: Callable[[], float],
        changed: Callable[[CircuitState], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.breaker = Breaker(BreakerSettings(), clock, dice, lambda _, state: changed(state))
        self.budget = RetryBudget(clock)
        self.endpoints = Endpoints(EjectionSettings(), clock)
        self._choose = LeastOutstanding(dice)
        self.use([Address("dns", f"{name}.service.consul", PORT)])

    def use(self, addresses: Iterable[Address]) -> None:
        """These are the passing instances now."""
        self.endpoints.replace(addresses)

    def pick(self, tried: Sequence[Endpoint]) -> Endpoint | None:
        """The instance for the next attempt, none of those ``tried``."""
        candidates = self.endpoints.candidates(tried)
        return self._choose(candidates) if candidates else None


def circuit_document(caller: str, callee: Callee, now: datetime) -> dict[str, object]:
    """The circuit as ``status`` shows it."""
    view = callee.breaker.view()
    return {
        "caller": caller,
        "callee": callee.name,
        "state": view.state.value,
        "failure_rate": round(view.tally.failure_rate, 4),
        "calls": view.tally.calls,
        "cause": view.cause,
        "retry_at": None if view.retry_in is None else retry_at(now, whole_seconds(view.retry_in)),
    }
