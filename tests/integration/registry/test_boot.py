"""Boot, restart and a changed address of the one Consul server."""

from __future__ import annotations

import pytest

from msctl.engine.docker import DockerEngine
from msctl.engine.port import Identity
from msctl.labels import REGISTRY_META
from msctl.model.desired import Attachment, ContainerSpec
from msctl.registry.client import Registry
from msctl.registry.entry import Entry
from tests.integration.registry.conftest import RunningConsul, await_leader
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

MINE = Entry("boot-orders-1", "orders", "10.9.8.1", 8000, {REGISTRY_META: "boot"})


def _occupy(engine: DockerEngine, identity: Identity, image: str) -> None:
    """Take the address that was just given back."""
    name = f"{identity.project}-other"
    spec = ContainerSpec(
        name=name,
        role="service",
        image=image,
        image_identity=image,
        command=("sleep", "600"),
        attachments=(Attachment(identity.project),),
    )
    engine.create_container(identity, spec, "h", {})
    engine.start_container(identity, name)


def test_a_server_that_comes_back_elsewhere_keeps_cluster_and_entries(
    own_consul: RunningConsul, docker_engine: DockerEngine, tool_image: str
) -> None:
    first = Registry(own_consul.address)
    await_leader(first)
    first.register(MINE)
    eventually(lambda: [found for found in first.entries("boot") if found.in_catalog])
    first.close()
    old_address = own_consul.inner_address
    docker_engine.remove_container(own_consul.identity, own_consul.name)
    _occupy(docker_engine, own_consul.identity, tool_image)
    own_consul.start()
    assert own_consul.inner_address != old_address
    second = Registry(own_consul.address)
    await_leader(second)
    (found,) = eventually(lambda: second.entries("boot"))
    assert found.entry == MINE
    second.deregister(MINE.id)
    second.close()


def test_nothing_but_http_and_dns_listens_outside(consul: RunningConsul, registry: Registry) -> None:
    assert registry.leader() == "127.0.0.1:8300"
    listening = consul.engine.execute(consul.name, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], timeout=10)
    rows = [line.split() for line in listening.output.splitlines() if " 0A " in line]
    outside = {int(row[1].split(":")[1], 16) for row in rows if not row[1].startswith("0100007F")}
    outside -= {port for port in outside if port > 32768}
    assert outside == {53, 8500}
