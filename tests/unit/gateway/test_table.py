"""What a document compiles to, and what lives on over a reload."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from msctl.gateway.config import GatewayConfig, Listen, UpstreamConfig
from msctl.gateway.router import compile_route
from msctl.gateway.service import Nature, Service
from msctl.gateway.table import Table, choose_service, compile_table, rate_of
from msctl.model.project import Circuit, RateLimit, Route
from msctl.resilience.endpoints import Address

NATURE = Nature(lambda: 0.0, random.Random(1).random, random.getrandbits)
ONE = Address("one", "127.0.0.1", 1)
TWO = Address("two", "127.0.0.1", 2)
CONFIG = GatewayConfig(
    Listen("127.0.0.1", 1),
    services={"a": UpstreamConfig("a", (ONE,)), "b": UpstreamConfig("b", (TWO,))},
    routes=(Route("/x", service="a", rate_limit=RateLimit(1, 60.0)), Route("/y", service="b")),
)


def compiled(config: GatewayConfig, old: Table | None = None) -> Table:
    return compile_table(
        config, old, lambda name: Service(config.services[name], NATURE, _ignore), NATURE.clock
    )


def _ignore(*_: object) -> None:
    """Nobody listens to transitions here."""


def test_services_and_rate_limits_live_on() -> None:
    old = compiled(CONFIG)
    assert old.rates[0].ask("ann") == 0.0
    new = compiled(replace(CONFIG, routes=(Route("/new", service="a"), *CONFIG.routes)), old)
    assert new.services["a"] is old.services["a"]
    assert new.rates[1].ask("ann") > 0.0


def test_only_what_changed_is_made_anew() -> None:
    old = compiled(CONFIG)
    breaker, other = old.services["a"].breaker, old.services["b"].breaker
    services = {"a": UpstreamConfig("a", (ONE, TWO), circuit=Circuit(wait=9.0), max_concurrent=3)}
    new = compiled(replace(CONFIG, services={**services, "b": CONFIG.services["b"]}), old)
    assert new.services["a"].breaker is not breaker
    assert new.services["b"].breaker is other
    assert [e.address for e in new.services["a"].endpoints.all] == [ONE, TWO]
    assert new.services["a"].bulkhead.limit == 3


def test_weights() -> None:
    route = compile_route(Route("/x", services={"old": 90, "new": 10, "none": 0}), 0)
    counted = Counter(choose_service(route, NATURE.dice) for _ in range(2000))
    assert counted["none"] == 0
    assert 120 <= counted["new"] <= 280
    assert choose_service(route, lambda: 0.9999999999999999) in ("new", "old")


def test_burst_is_on_top() -> None:
    assert rate_of(RateLimit(10, 1.0)).burst == 10
    assert rate_of(RateLimit(10, 1.0, 5)).burst == 15
    assert rate_of(RateLimit(10, 1.0, 0)).burst == 10
