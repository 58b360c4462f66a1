"""What a document compiles to; reloading replaces it whole while services keep their state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msctl.gateway.config import GatewayConfig
from msctl.gateway.identities import Identities
from msctl.gateway.router import CompiledRoute, Router
from msctl.gateway.service import Service
from msctl.model.project import RateLimit as RateLimitConfig
from msctl.resilience.ratelimit import Rate, RateLimit


@dataclass(frozen=True, slots=True)
class Table:
    """One document in force; ``rates`` belong to routes by their number.

    ``gates`` are filled in by ``gates``, for each route when it is first asked for.
    """

    config: GatewayConfig
    router: Router
    services: Mapping[str, Service]
    rates: Mapping[int, RateLimit]
    identities: Identities | None = None
    gates: dict[int, tuple[Callable[..., Any], ...]] = field(default_factory=dict)

    @property
    def full_errors(self) -> bool:
        """Whether clients may read what is inside."""
        return self.config.errors == "full"


def compile_table(
    config: GatewayConfig,
    old: Table | None,
    make: Callable[[str], Service],
    clock: Callable[[], float],
    wall: Callable[[], float] = time.time,
) -> Table:
    """The table of a document; services of the same name live on, rate limits of unchanged routes, too."""
    router = Router(config.routes)
    services: dict[str, Service] = {}
    for name, upstream in config.services.items():
        service = old.services.get(name) if old is not None else None
        if service is None:
            service = make(name)
        else:
            service.reconfigure(upstream)
        services[name] = service
    rates = {c.number: _rate(c, old, clock) for c in router.routes if c.route.rate_limit is not None}
    return Table(config, router, services, rates, _identities(config, old, wall))


def _identities(config: GatewayConfig, old: Table | None, wall: Callable[[], float]) -> Identities | None:
    if config.auth is None:
        return None
    if old is not None and old.config.auth == config.auth:
        return old.identities
    return Identities(config.auth, wall)


def _rate(compiled: CompiledRoute, old: Table | None, clock: Callable[[], float]) -> RateLimit:
    if old is not None:
        for known in old.router.routes:
            if known.route == compiled.route and known.number in old.rates:
                return old.rates[known.number]
    settings = compiled.route.rate_limit
    assert settings is not None  # noqa: S101
    return RateLimit(rate_of(settings), clock)


def rate_of(settings: RateLimitConfig) -> Rate:
    """The manifest's rate limit: ``burst`` comes on top of the requests of one period."""
    return Rate(settings.requests, settings.per, settings.requests + (settings.burst or 0))


def choose_service(compiled: CompiledRoute, dice: Callable[[], float]) -> str:
    """The service of a route; by weight where it has several."""
    route = compiled.route
    if route.service is not None:
        return route.service
    point = dice() * sum(route.services.values())
    for name, weight in route.services.items():
        point -= weight
        if point < 0:
            return name
    return max(route.services, key=route.services.__getitem__)
