"""The engine's answers as observed values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msctl import labels
from msctl.engine.docker.observe import inspected_container, listed_container, observed, subnets

_LABELS = {
    labels.PROJECT: "shop",
    labels.ORIGIN: "here",
    labels.ROLE: "service",
    labels.SERVICE: "orders",
    labels.INSTANCE: "2",
    labels.CONFIG_HASH: "h",
}


def _listed(name: str = "shop-orders-2", **more: Any) -> dict[str, Any]:
    return {
        "Id": "a" * 64,
        "Names": [f"/{name}"],
        "Image": "shop/orders:1",
        "ImageID": "sha256:1",
        "Labels": _LABELS,
        "State": "running",
        "Ports": [
            {"IP": "127.0.0.1", "PrivatePort": 8000, "PublicPort": 32768, "Type": "tcp"},
            {"PrivatePort": 8081, "Type": "tcp"},
        ],
        "NetworkSettings": {"Networks": {"shop": {"IPAddress": "10.1.0.3"}, "other": {"IPAddress": ""}}},
    } | more


def _inspected(**state: Any) -> dict[str, Any]:
    return {
        "Id": "a" * 64,
        "Name": "/shop-orders-2",
        "Image": "sha256:1",
        "RestartCount": 4,
        "Config": {"Image": "shop/orders:1", "Labels": _LABELS},
        "State": {
            "Status": "exited",
            "Running": False,
            "ExitCode": 137,
            "OOMKilled": True,
            "StartedAt": "2024-01-02T03:04:05.5Z",
            "FinishedAt": "2024-01-02T03:04:06Z",
        }
        | state,
        "NetworkSettings": {
            "Networks": {"shop": {"IPAddress": "10.1.0.3"}},
            "Ports": {
                "8000/tcp": [
                    {"HostIp": "0.0.0.0", "HostPort": "32768"},
                    {"HostIp": "::", "HostPort": "32768"},
                ],
                "8081/tcp": None,
            },
        },
    }


def test_a_listed_container() -> None:
    found = listed_container(_listed())
    assert (found.name, found.role, found.service, found.instance) == (
        "shop-orders-2",
        "service",
        "orders",
        2,
    )
    assert found.ports == {8000: ("127.0.0.1", 32768)}
    assert found.addresses == {"shop": "10.1.0.3"}
    assert (found.started_at, found.exit_code) == (None, None)


def test_links_are_not_a_containers_name() -> None:
    assert listed_container(_listed(Names=["/other/alias", "/own"])).name == "own"


def test_an_ended_container_in_detail() -> None:
    found = inspected_container(_inspected())
    assert (found.state, found.exit_code, found.oom_killed, found.restarts) == ("exited", 137, True, 4)
    assert found.started_at == datetime(2024, 1, 2, 3, 4, 5, 500_000, UTC)
    assert found.ports == {8000: ("0.0.0.0", 32768)}


def test_what_runs_again_has_no_exit_code() -> None:
    assert inspected_container(_inspected(Running=True, Status="running")).exit_code is None
    never = inspected_container(_inspected(Status="created", FinishedAt="0001-01-01T00:00:00Z"))
    assert (never.exit_code, never.finished_at) == (None, None)


def test_strangers_are_known_by_name_and_their_subnets_too() -> None:
    stranger = _listed("theirs", Labels={}, Id="b" * 64)
    networks: list[dict[str, Any]] = [
        {"Id": "n1", "Name": "shop", "Labels": _LABELS, "IPAM": {"Config": [{"Subnet": "10.1.0.0/24"}]}},
        {"Id": "n2", "Name": "bridge", "Labels": None, "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}},
        {"Id": "n3", "Name": "none", "Labels": {}, "IPAM": {"Config": None}},
    ]
    volumes: list[dict[str, Any]] = [
        {"Name": "shop-data", "Labels": _LABELS},
        {"Name": "theirs", "Labels": None},
    ]
    found = observed("shop", [stranger, _listed()], networks, volumes)
    assert [c.name for c in found.containers] == ["shop-orders-2"]
    assert found.foreign_containers == {"theirs": "b" * 64}
    assert [(n.name, n.subnet) for n in found.networks] == [("shop", "10.1.0.0/24")]
    assert found.foreign_networks == {"bridge": "n2", "none": "n3"}
    assert [v.name for v in found.volumes] == ["shop-data"]
    assert found.foreign_volumes == {"theirs": "theirs"}
    assert found.subnets == ("10.1.0.0/24", "172.17.0.0/16")


def test_only_ipv4_subnets_count() -> None:
    assert subnets({"IPAM": {"Config": [{"Subnet": "fd00::/64"}, {}, {"Subnet": "10.1.0.0/24"}]}}) == (
        "10.1.0.0/24",
    )
