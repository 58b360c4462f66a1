"""Registration, health and removal on a real Consul."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from consul import Consul

from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META
from msctl.registry.client import Registry
from msctl.registry.entry import Check, Entry, FoundEntry
from msctl.registry.reconcile import reconcile_entries
from tests.integration.registry.conftest import RunningConsul
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

ANSWERING = Check("http", "http://127.0.0.1:8500/v1/status/leader", interval=1)
REFUSING = Check("http", "http://127.0.0.1:1/readyz", interval=1)


@pytest.fixture
def project() -> str:
    """A project name of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


@pytest.fixture
def raw(consul: RunningConsul) -> Iterator[Any]:
    """py-consul itself, for what our adapter never does."""
    host, port = consul.address.split(":")
    client = Consul(host, int(port))
    yield client
    client.http.session.close()


def entry(project: str, number: int = 1, check: Check | None = ANSWERING) -> Entry:
    """An instance of orders."""
    identity = f"{project}-orders-{number}"
    return Entry(identity, "orders", f"10.9.8.{number}", 8000, {REGISTRY_META: project}, ("v1",), check)


def visible(registry: Registry, project: str) -> tuple[FoundEntry, ...]:
    """Entries once consumers can see them."""
    return eventually(lambda: tuple(found for found in registry.entries(project) if found.in_catalog))


def test_what_is_registered_is_found_as_it_was(registry: Registry, project: str) -> None:
    registry.register(entry(project))
    (found,) = visible(registry, project)
    assert found.entry == entry(project)
    assert found.health.status == "pass"
    assert not reconcile_entries([entry(project)], [found], project=project)


def test_an_entry_passes_at_once_and_fails_with_its_cause(registry: Registry, project: str) -> None:
    registry.register(entry(project, check=replace(REFUSING, interval=3600)))
    assert visible(registry, project)[0].health.status == "pass"
    registry.register(entry(project, 2, REFUSING))
    failed = eventually(lambda: [health for health in registry.health(project) if health.status == "fail"])
    assert failed[0].id == f"{project}-orders-2"
    assert "connection refused" in failed[0].output


def test_output_is_the_newest(registry: Registry, project: str) -> None:
    registry.register(entry(project))
    shown = eventually(lambda: [health.output for health in registry.health(project) if health.output])
    assert "200 OK" in shown[0]


def test_registering_again_forgets_the_old_verdict(registry: Registry, project: str) -> None:
    registry.register(entry(project, check=replace(REFUSING, interval=3600, passing=False)))
    assert visible(registry, project)[0].health.status == "fail"
    registry.register(entry(project, check=replace(REFUSING, interval=3600)))
    eventually(lambda: [health.status for health in registry.health(project)] == ["pass"])


def test_registering_again_replaces(registry: Registry, project: str) -> None:
    registry.register(entry(project))
    moved = replace(entry(project), address="10.9.8.77", check=Check("tcp", "127.0.0.1:8500", interval=1))
    registry.register(moved)
    eventually(lambda: [len(f.checks) for f in registry.entries(project) if f.entry == moved] == [1])
    assert len(registry.entries(project)) == 1


def test_foreign_entries_are_not_ours(registry: Registry, project: str) -> None:
    foreign = replace(entry(f"other-{project}"), meta={})
    registry.register(foreign)
    assert registry.entries(project) == ()
    registry.deregister(foreign.id)


def test_deregistered_is_gone_and_absent_is_fine(registry: Registry, project: str) -> None:
    registry.register(entry(project))
    visible(registry, project)
    registry.deregister(entry(project).id)
    assert registry.entries(project) == ()
    registry.deregister(entry(project).id)


def test_many_go_at_once_and_others_stay(registry: Registry, project: str) -> None:
    for number in range(1, 61):
        registry.register(entry(project, number))
    eventually(lambda: len(registry.entries(project)) == 60)
    registry.deregister(*(entry(project, number).id for number in range(2, 62)))
    assert [found.entry.id for found in registry.entries(project)] == [entry(project, 1).id]
    registry.deregister(entry(project, 1).id)


def test_a_ghost_of_the_catalog_is_removed(registry: Registry, raw: Any, project: str) -> None:
    identity = f"{project}-gone-1"
    ghost = {"ID": identity, "Service": "gone", "Port": 1, "Meta": {REGISTRY_META: project}}
    for node in ("registry", f"machine-{project}"):
        raw.catalog.register(node, "127.0.0.1", service=ghost)
    assert [found.node for found in registry.entries(project)] == [f"machine-{project}", "registry"]
    registry.deregister(identity)
    assert registry.entries(project) == ()


def test_an_agent_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(RegistryError, match=r"does not answer at 127\.0\.0\.1:1"):
        Registry("127.0.0.1:1").entries("shop")


def test_a_drained_entry_is_out_of_rotation_and_known_and_registering_ends_it(
    registry: Registry, project: str, raw: Any
) -> None:
    registry.register(entry(project))
    visible(registry, project)
    assert registry.drain(f"{project}-orders-1", 1234.0)
    eventually(lambda: [found.drains_until for found in registry.entries(project)] == [1234.0])
    eventually(lambda: f"{project}-orders-1" not in in_rotation(raw))
    (drained,) = registry.entries(project)
    assert not reconcile_entries([entry(project)], [drained], project=project)
    registry.register(entry(project))
    eventually(lambda: [found.drains_until for found in registry.entries(project)] == [None])
    eventually(lambda: registry.health(project)[0].status == "pass")


def in_rotation(raw: Any) -> set[str]:
    """Ids of the instances of orders that calls may go to."""
    _, passing = raw.health.service("orders", passing=True)
    return {item["Service"]["ID"] for item in passing}


def test_what_is_not_there_is_not_drained(registry: Registry, project: str) -> None:
    assert not registry.drain(f"{project}-orders-1", 1234.0)
