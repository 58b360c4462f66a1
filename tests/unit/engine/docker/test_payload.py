"""What Docker is asked for, as values."""

from __future__ import annotations

from typing import Any

import pytest

from msctl import labels
from msctl.engine.docker.payload import (
    container_payload,
    endpoint,
    network_payload,
    resolver_addresses,
    volume_payload,
)
from msctl.engine.port import Identity
from msctl.errors import EngineError
from msctl.model.desired import (
    Attachment,
    ContainerSpec,
    Mount,
    NetworkSpec,
    PortBinding,
    SecretFile,
    VolumeSpec,
)
from msctl.model.secret import Secret
from msctl.plan.differences import described

_IDENTITY = Identity("shop", "here")
_SPEC = ContainerSpec(
    name="shop-orders-1",
    role="service",
    image="shop/orders:1",
    image_identity="sha256:1",
    service="orders",
    instance=1,
)


def _payload(init: bool = True, addresses: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    spec = ContainerSpec(**{name: getattr(_SPEC, name) for name in _SPEC.__slots__} | more)
    return container_payload(_IDENTITY, spec, "h", addresses=addresses or {}, resolvers=(), init=init)


def test_a_container_bears_all_labels() -> None:
    assert _payload()["Labels"] == {
        labels.PROJECT: "shop",
        labels.ORIGIN: "here",
        labels.ROLE: "service",
        labels.SERVICE: "orders",
        labels.INSTANCE: "1",
        labels.CONFIG_HASH: "h",
        labels.CONFIG: described(_SPEC),
    }


def test_a_role_has_no_service_label() -> None:
    assert labels.SERVICE not in _payload(service=None, instance=None)["Labels"]


def test_every_container_is_hardened() -> None:
    host = _payload()["HostConfig"]
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges"])
    assert "CapAdd" not in host
    assert "Privileged" not in host


def test_a_one_off_container_has_its_callers_input_and_is_not_brought_back() -> None:
    made = _payload(role="task", attached="terminal")
    assert (made["OpenStdin"], made["StdinOnce"], made["Tty"]) == (True, True, True)
    assert made["HostConfig"]["RestartPolicy"] == {"Name": "no"}
    assert _payload(role="task", attached="pipe")["Tty"] is False
    assert "OpenStdin" not in _payload()


def test_memory_allows_no_swap() -> None:
    host = _payload(memory=100, cpus=0.25, cpu_shares=2048)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"], host["CpuShares"]) == (
        100,
        100,
        250_000_000,
        2048,
    )


def test_what_is_not_asked_for_is_left_to_the_image() -> None:
    payload = _payload()
    assert not {"Cmd", "User", "Hostname", "StopSignal"} & set(payload)
    assert not {"Memory", "MemorySwap", "Dns", "Tmpfs"} & set(payload["HostConfig"])


def test_an_engine_without_init_gets_no_such_wish() -> None:
    assert _payload(init=True)["HostConfig"]["Init"] is True
    assert "Init" not in _payload(init=False)["HostConfig"]


def test_only_the_first_network_is_joined_at_creation() -> None:
    payload = _payload(
        attachments=(Attachment("shop", ("orders",)), Attachment("shop-orders-db")),
        addresses={"shop": "10.1.0.9"},
    )
    assert payload["NetworkingConfig"]["EndpointsConfig"] == {
        "shop": {"Aliases": ["orders"], "IPAMConfig": {"IPv4Address": "10.1.0.9"}}
    }
    assert payload["HostConfig"]["NetworkMode"] == "shop"
    assert endpoint(Attachment("shop-orders-db"), {}) == {"Aliases": []}


def test_a_container_without_networks_has_none() -> None:
    assert _payload()["HostConfig"]["NetworkMode"] == "none"


def test_ports_are_bound_to_their_address() -> None:
    payload = _payload(ports=(PortBinding(8000), PortBinding(8081, "0.0.0.0", 9000)))
    assert payload["HostConfig"]["PortBindings"] == {
        "8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
        "8081/tcp": [{"HostIp": "0.0.0.0", "HostPort": "9000"}],
    }
    assert set(payload["ExposedPorts"]) == {"8000/tcp", "8081/tcp"}


def test_secrets_get_a_volume_of_their_own_and_no_other_place() -> None:
    payload = _payload(
        secrets=(SecretFile("token", Secret("s3cret")),), mounts=(Mount("shop-orders-data", "/data"),)
    )
    data, secrets = payload["HostConfig"]["Mounts"]
    assert (data["Source"], data["Target"]) == ("shop-orders-data", "/data")
    assert (secrets["Source"], secrets["Target"]) == ("shop-orders-1-secrets", "/run/secrets")
    assert secrets["VolumeOptions"]["Labels"][labels.PROJECT] == "shop"
    assert secrets["VolumeOptions"]["NoCopy"]
    assert "s3cret" not in str(payload)


@pytest.mark.parametrize(("grace", "seconds"), [(0.0, 1), (2.1, 3), (10.0, 10)])
def test_the_stop_grace_is_in_whole_seconds(grace: float, seconds: int) -> None:
    assert _payload(stop_grace=grace)["StopTimeout"] == seconds


def test_resolvers_are_literal_or_hosts_of_the_subnet() -> None:
    assert resolver_addresses(("@2", "192.0.2.1"), "10.7.0.0/24") == ("10.7.0.2", "192.0.2.1")
    with pytest.raises(EngineError, match="@2"):
        resolver_addresses(("@2",), None)


def test_a_network_has_subnet_and_mtu_when_they_are_known() -> None:
    spec = NetworkSpec("shop", "project", addressed=True)
    full = network_payload(_IDENTITY, spec, "10.7.0.0/24", "1400")
    assert full["IPAM"]["Config"] == [{"Subnet": "10.7.0.0/24"}]
    assert full["Options"] == {"com.docker.network.driver.mtu": "1400"}
    assert not {"IPAM", "Options", "Internal"} & set(network_payload(_IDENTITY, spec, None, None))


def test_a_databases_network_leads_nowhere_and_the_host_is_not_in_it() -> None:
    spec = NetworkSpec("shop-orders-db", "database", "orders")
    private = network_payload(_IDENTITY, spec, None, "1400")
    assert private["Internal"]
    assert private["Options"] == {
        "com.docker.network.driver.mtu": "1400",
        "com.docker.network.bridge.inhibit_ipv4": "true",
    }


def test_a_volume_remembers_what_kind_of_image_made_it() -> None:
    made = volume_payload(_IDENTITY, VolumeSpec("shop-orders-data", "database", "orders", "recipe"))
    assert made["Labels"][labels.IMAGE_KIND] == "recipe"
