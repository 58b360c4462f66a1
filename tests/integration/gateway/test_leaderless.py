"""Consul has no leader (CON-07): calls go on, writes wait, and everybody says so."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from msctl.agent.registrar import Registrar
from msctl.engine.docker import DockerEngine
from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META
from msctl.model.desired import Registration
from msctl.registry.client import Registry
from msctl.registry.entry import Entry
from msctl.registry.watch import LEADERLESS
from tests.integration.gateway.conftest import MakeGateway, MakeUpstream
from tests.integration.gateway.process import GatewayProcess, wait_until
from tests.integration.gateway.upstreams import Upstream
from tests.integration.registry.cluster import CLIENT, Cluster, cluster
from tests.integration.waiting import eventually
from tests.unit.agent.scene import Scene, instance

NEW = replace(instance(), registration=Registration("payments", 8000), probe=None)


def test_calls_go_on_and_writes_wait_while_there_is_no_leader(
    docker_engine: DockerEngine, gateway: MakeGateway, upstream: MakeUpstream
) -> None:
    """Two of three servers are killed, then the last one; then two come back."""
    with cluster(docker_engine) as consul:
        registry = Registry(consul.address(CLIENT))
        enter(registry, upstream(), upstream())
        early = at(consul, CLIENT, gateway)
        with calls_to(early) as answers, agent_at(registry) as (scene, registrar):
            consul.kill("server-1", "server-2")
            consul.await_leader("server-3", present=False)
            late = at(consul, "server-3", gateway)
            assert LEADERLESS in complaint(late)
            with calls_to(late) as late_answers:
                consul.kill("server-3")
                scene.start(NEW)
                wait_until(
                    lambda: "500" in complaint(early), "a client agent without servers is complained of"
                )
                wait_until(lambda: "does not answer" in complaint(late), "a dead server is complained of")
                wait_until(registrar.trouble, "the agent says that it cannot enter an instance")
                with pytest.raises(RegistryError):
                    registry.health("shop")
                wait_until(lambda: min(answers[200], late_answers[200]) > 50, "calls go on meanwhile")
            consul.start("server-1", "server-2")
            eventually(lambda: [e.id for e in known(registry, "shop")] == [NEW.name], timeout=90.0)
            eventually(lambda: len(known(registry, "other")) == 2, timeout=90.0)
            wait_until(lambda: registrar.trouble() is None, "the agent is content")
            wait_until(lambda: not complaint(early), "the gateway is content")
        registry.close()
    assert set(answers) == set(late_answers) == {200}


def enter(registry: Registry, *upstreams: Upstream) -> None:
    """Instances of another project than the agent's."""
    for number, one in enumerate(upstreams, start=1):
        registry.register(
            Entry(f"other-orders-{number}", "orders", "127.0.0.1", one.port, {REGISTRY_META: "other"})
        )


def at(consul: Cluster, member: str, gateway: MakeGateway) -> GatewayProcess:
    """A gateway that asks ``member`` and knows both instances."""
    found = gateway(
        {
            "consul": {"address": f"http://{consul.address(member)}"},
            "services": {"orders": {"instances": "consul"}},
            "routes": [{"path": "/{rest:path}", "service": "orders"}],
        }
    )
    wait_until(lambda: len(found.instances()) == 2, "both instances are known")
    return found


def complaint(gateway: GatewayProcess) -> str:
    """What the gateway's health says of the registry; empty when all is well."""
    check = gateway.admin("GET", "/-/health")[1]["checks"]["registry:catalog"][0]
    assert check["status"] == ("warn" if check.get("output") else "pass")
    return str(check.get("output") or "")


def known(registry: Registry, project: str) -> list[Any]:
    """Its entries in the catalog; none while Consul does not answer."""
    with suppress(RegistryError):
        return list(registry.health(project))
    return []


@contextmanager
def calls_to(gateway: GatewayProcess) -> Iterator[Counter[int]]:
    """Calls without a pause, counted by status, for the block."""
    answers, over = Counter[int](), threading.Event()

    def call() -> None:
        while not over.wait(0.02):
            answers[gateway.get("/x").status] += 1

    calling = threading.Thread(target=call)
    calling.start()
    try:
        yield answers
    finally:
        over.set()
        calling.join()


@contextmanager
def agent_at(registry: Registry) -> Iterator[tuple[Scene, Registrar]]:
    """The agent's registrar at work on an engine in memory, for the block."""
    scene = Scene()
    registrar = Registrar(scene.engine, registry, "shop", scene.tell, ask=scene.ask)
    loop = asyncio.new_event_loop()
    task = loop.create_task(registrar.run())

    def work() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    working = threading.Thread(target=work)
    working.start()
    try:
        yield scene, registrar
    finally:
        loop.call_soon_threadsafe(task.cancel)
        working.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
