"""Names: passing instances only, never from a cache, with ports, and the outside still resolves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from msctl.labels import REGISTRY_META
from msctl.registry.client import Registry
from msctl.registry.entry import Check, Entry
from tests.integration.registry.conftest import RunningConsul, await_leader
from tests.integration.registry.lookup import SRV_RECORD, Reply, lookup
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

PROJECT = "names"
NO_SUCH_NAME = 3
INSTANCES = 8


def _addresses(reply: Reply) -> set[str]:
    return {record.data for record in reply.answers}


@pytest.fixture(scope="module")
def names(consul: RunningConsul) -> Iterator[str]:
    """The DNS server's address, once it answers for the instances of ``stock``."""
    registry = Registry(consul.address)
    await_leader(registry)
    passing = Check("tcp", "127.0.0.1:8500", interval=1)
    failing = Check("tcp", "127.0.0.1:1", interval=1)
    for number in range(INSTANCES + 1):
        check = failing if number == 0 else passing
        meta = {REGISTRY_META: PROJECT}
        registry.register(Entry(f"names-stock-{number}", "stock", f"10.9.7.{number}", 8000, meta, (), check))
    eventually(lambda: [h for h in registry.health(PROJECT) if h.status == "fail"])
    yield consul.inner_address
    for number in range(INSTANCES + 1):
        registry.deregister(f"names-stock-{number}")
    registry.close()


def test_all_passing_instances_and_only_they_answer(names: str) -> None:
    passing = {f"10.9.7.{number}" for number in range(1, INSTANCES + 1)}
    assert eventually(lambda: _addresses(lookup(names, "stock.service.consul")) == passing)
    assert not lookup(names, "stock.service.consul").truncated


def test_nothing_is_cached_longer_than_a_second(names: str) -> None:
    assert {record.ttl for record in lookup(names, "stock.service.consul").answers} <= {0, 1}


def test_ports_are_told(names: str) -> None:
    ports = {record.data for record in lookup(names, "stock.service.consul", SRV_RECORD).answers}
    assert ports == {"8000"}


def test_an_unknown_service_is_unknown(names: str) -> None:
    assert lookup(names, "never.service.consul").code == NO_SUCH_NAME


def test_names_of_docker_resolve_through_consul(consul: RunningConsul, names: str) -> None:
    """Docker's resolver inside Consul's container is asked for whatever is not Consul's."""
    assert _addresses(lookup(names, consul.name)) == {consul.inner_address}
