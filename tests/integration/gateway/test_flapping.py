"""A check that passes and fails all the time (CON-10): its instance is left alone until it is quiet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from consul import Check, Consul

from msctl.registry.client import Registry
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream
from tests.integration.gateway.process import GatewayProcess, wait_until
from tests.integration.registry.conftest import (
    RunningConsul,
    await_leader,
    own_consul,  # noqa: F401  a fixture
)

MEGABYTE = 1024 * 1024
CALM, WAVERING = "calm", "wavering"


class Orders:
    """Two instances in Consul; what the check of one says is up to the test."""

    def __init__(self, consul: RunningConsul, ports: dict[str, int]) -> None:
        registry = Registry(consul.address)
        await_leader(registry)
        registry.close()
        host, port = consul.address.split(":")
        self._client = Consul(host, int(port))
        for name, number in ports.items():
            check = Check.ttl("1h") | {"Status": "passing"}
            self._client.agent.service.register("orders", name, "127.0.0.1", number, check=check)

    def say(self, well: bool) -> None:
        """The wavering one's check passes or fails."""
        tell = self._client.agent.check.ttl_pass if well else self._client.agent.check.ttl_fail
        tell(f"service:{WAVERING}")

    def close(self) -> None:
        self._client.http.session.close()


@pytest.fixture
def front(
    own_consul: RunningConsul,  # noqa: F811
    gateway: MakeGateway,
    upstream: MakeUpstream,
) -> Iterator[tuple[GatewayProcess, Orders, dict[str, Any]]]:
    upstreams = {CALM: upstream(), WAVERING: upstream()}
    orders = Orders(own_consul, {name: one.port for name, one in upstreams.items()})
    front = gateway(
        {
            "consul": {"address": f"http://{own_consul.address}"},
            "services": {"orders": {"instances": "consul", "balance": "round_robin"}},
            "routes": [{"path": "/{rest:path}", "service": "orders"}],
        }
    )
    wait_until(lambda: held(front) == {CALM: False, WAVERING: False}, "both instances are known")
    yield front, orders, upstreams
    orders.close()


@pytest.mark.parametrize(
    ("flaps", "seconds"), [(3, 0.0), pytest.param(75, 2.0, marks=pytest.mark.long, id="five minutes")]
)
def test_a_wavering_instance_is_left_alone_until_it_is_quiet(
    front: tuple[GatewayProcess, Orders, dict[str, Any]], flaps: int, seconds: float
) -> None:
    gateway, orders, upstreams = front
    before, statuses = resident(gateway), set()
    for _ in range(flaps):
        for well, known in ((False, {CALM}), (True, {CALM, WAVERING})):
            orders.say(well)
            until = time.monotonic() + seconds
            wait_until(lambda k=known: set(held(gateway)) == k, "the gateway follows")  # type: ignore[misc]
            while (left := until - time.monotonic()) > 0:
                statuses.add(gateway.get("/x").status)
                time.sleep(min(left, 0.05))
    assert held(gateway) == {CALM: False, WAVERING: True}
    seen = len(upstreams[WAVERING].seen)
    for _ in range(20):
        statuses.add(gateway.get("/x").status)
        if not held(gateway)[WAVERING]:
            break
        assert len(upstreams[WAVERING].seen) == seen
    assert statuses == {200}
    assert resident(gateway) - before < 20 * MEGABYTE
    if not seconds:
        wait_until(
            lambda: gateway.get("/x").status == 200 and len(upstreams[WAVERING].seen) > seen, "it is back"
        )
        assert not held(gateway)[WAVERING]


def held(gateway: GatewayProcess) -> dict[str, bool]:
    """Of each instance that Consul calls passing: whether it is kept waiting."""
    return {found["name"]: found["held"] for found in gateway.instances()}


def resident(gateway: GatewayProcess) -> int:
    """Memory of the gateway's process, in bytes."""
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123
        row = next(line for line in status if line.startswith("VmRSS"))
    return int(row.split()[1]) * 1024
