"""What Docker is asked for when a container is made."""

from __future__ import annotations

import pytest

from msctl import labels
from msctl.engine.docker import DockerEngine
from msctl.engine.docker.client import EngineClient
from msctl.engine.port import Identity
from msctl.errors import EngineError
from msctl.model.desired import Attachment, ContainerSpec, NetworkSpec, SecretFile
from msctl.model.secret import Secret
from tests.integration.engine.launching import launch
from tests.integration.free_subnet import free_subnet

pytestmark = pytest.mark.integration


def test_containers_are_hardened_and_limited(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    name = launch(
        docker_engine, identity, tool_image, memory=64 * 1024**2, cpus=0.5, read_only=True, stop_grace=2.5
    )
    found = docker_engine.client.read(f"/containers/{name}/json")
    host = found["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["ReadonlyRootfs"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 * 1024**2, 64 * 1024**2, 500_000_000)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    assert found["Config"]["StopTimeout"] == 3
    status = docker_engine.execute(name, ["cat", "/proc/self/status"], timeout=30).output
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_an_init_reaps_and_passes_signals_on(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    name = launch(
        docker_engine, identity, tool_image, "trap 'exit 5' TERM; echo trapped; while :; do sleep 0.05; done"
    )
    lines = docker_engine.logs(name, follow=True)
    assert next(lines).text == "trapped"
    lines.close()
    first = docker_engine.execute(name, ["cat", "/proc/1/comm"], timeout=30).output
    assert "init" in first
    docker_engine.stop_container(identity, name, 20)
    assert docker_engine.inspect(name).exit_code == 5


def test_resolvers_are_hosts_of_the_project_network(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    subnet = free_subnet(docker_engine)
    network = NetworkSpec(identity.project, "project", addressed=True)
    docker_engine.create_network(identity, network, str(subnet))
    name = launch(
        docker_engine,
        identity,
        tool_image,
        attachments=(Attachment(identity.project, ("tool",)),),
        dns=("@2", "192.0.2.9"),
        dns_search=("service.consul",),
    )
    found = docker_engine.client.read(f"/containers/{name}/json")
    assert found["HostConfig"]["Dns"] == [str(subnet[2]), "192.0.2.9"]
    resolved = docker_engine.execute(name, ["cat", "/etc/resolv.conf"], timeout=30).output
    assert "search service.consul" in resolved
    assert "tool" in found["NetworkSettings"]["Networks"][identity.project]["Aliases"]


def test_networks_have_the_daemons_mtu(
    docker_engine: DockerEngine, identity: Identity, tool_image: str
) -> None:
    docker_engine.create_network(identity, NetworkSpec(identity.project, "project"), None)
    name = launch(docker_engine, identity, tool_image, attachments=(Attachment(identity.project),))
    options = docker_engine.client.read("/networks/bridge")["Options"]
    default = options.get("com.docker.network.driver.mtu", "1500")
    mtu = docker_engine.execute(name, ["cat", "/sys/class/net/eth0/mtu"], timeout=30).output
    assert mtu.strip() == default


def test_what_fails_after_creation_takes_the_container_back(
    docker_engine: DockerEngine,
    identity: Identity,
    tool_image: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true_call = EngineClient.call

    def call(client: EngineClient, method: str, path: str, **more: object) -> object:
        if method == "PUT":
            raise EngineError("the archive was refused")
        return true_call(client, method, path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(EngineClient, "call", call)
    name = labels.container(identity.project, "tool")
    spec = ContainerSpec(name, "service", tool_image, tool_image, secrets=(SecretFile("t", Secret("x")),))
    with pytest.raises(EngineError, match="refused"):
        docker_engine.create_container(identity, spec, "h", {})
    found = docker_engine.observe(identity.project)
    assert (found.containers, found.volumes) == ((), ())
