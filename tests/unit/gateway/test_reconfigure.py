"""A new document takes effect whole, and leaves nothing of the old one behind."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from msctl.gateway.admin import is_plain_host
from msctl.gateway.answering import Answering
from msctl.gateway.client import ClientConnection
from msctl.gateway.client_address import without_port
from msctl.gateway.config import GatewayConfig, Listen, UpstreamConfig
from msctl.gateway.files import FileBudget
from msctl.gateway.log import AccessLog
from msctl.gateway.measures import Measures
from msctl.gateway.pool import Pool
from msctl.gateway.runtime import Gateway
from msctl.gateway.service import Nature
from msctl.gateway.upstream import UpstreamConnection
from msctl.model.project import Route
from msctl.resilience.breaker import CircuitState
from msctl.resilience.endpoints import Address, Endpoint
from msctl.telemetry.logs import LineStream

NATURE = Nature(lambda: 1.0, lambda: 0.5, lambda _width: 1)


def config(name: str, access_log: float = 1.0) -> GatewayConfig:
    return GatewayConfig(
        Listen("127.0.0.1", 0),
        services={name: UpstreamConfig(name, ())},
        routes=(Route(f"/{name}", service=name),),
        access_log=access_log,
    )


def made(first: GatewayConfig) -> tuple[Gateway, AccessLog, Measures]:
    measures = Measures(CollectorRegistry())
    access = AccessLog(first.access_log, NATURE.dice, cast("LineStream", None))
    gateway = Gateway(first, NATURE, measures, Answering(NATURE, measures, access, b"g"), 1, FileBudget())
    return gateway, access, measures


def test_the_share_logged_and_the_most_connections_change() -> None:
    gateway, access, _ = made(config("a"))
    one, two = cast("ClientConnection", object()), cast("ClientConnection", object())
    assert (gateway.admit(one), gateway.admit(two)) == (True, False)
    gateway.reconfigure(config("a", access_log=0.25), max_connections=2)
    assert access.share == 0.25
    assert gateway.admit(two)


def test_series_of_what_is_gone_go_too() -> None:
    gateway, _, measures = made(config("a"))
    sizes = set()
    for number in range(20):
        name = f"s{number}"
        gateway.reconfigure(config(name), 1)
        measures.requests.add(f"/{name}", name, "GET", 200, 0.1)
        measures.requests.add("-", "-", "GET", 404, 0.1)
        measures.retrying(name)()
        measures.transition(name, CircuitState.OPEN)
        measures.cancelled(f"/{name}")
        sizes.add(len(generate_latest(measures.registry).splitlines()))
    assert len(sizes) == 1
    text = generate_latest(measures.registry).decode()
    assert "s18" not in text
    assert 'code="404",method="GET",route="-",service="-"} 20.0' in text
    measures.requests.add("/s18", "s18", "GET", 200, 0.1)
    assert 'service="s18"} 1.0' in generate_latest(measures.registry).decode(), "an old series begins anew"


def test_a_closed_pool_keeps_nothing() -> None:
    async def given_back() -> bool:
        pool = Pool(lambda: 1.0, FileBudget(10))
        endpoint = Endpoint(Address("a", "127.0.0.1", 1))
        connection = Kept(endpoint)
        pool.close()
        pool.give_back(cast("UpstreamConnection", connection))
        return connection.discarded

    assert asyncio.run(given_back())


class Kept:
    """Stands for a connection that could be used again."""

    reusable = True
    closed = False

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.discarded = False

    def discard(self) -> None:
        self.discarded = True

    def pause(self, _paused: bool) -> None: ...


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:5", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:5", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("unknown", "unknown"),
    ],
)
def test_a_port_makes_no_other_client(written: str, address: str) -> None:
    assert without_port(written) == address


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("127.0.0.1:8081", True),
        ("[::1]:8081", True),
        ("localhost:1", True),
        ("gateway", True),
        ("", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example:8081", False),
    ],
)
def test_names_that_a_site_can_give_itself(host: str, plain: bool) -> None:
    assert is_plain_host(host) is plain
