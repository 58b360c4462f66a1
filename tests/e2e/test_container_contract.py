"""What every service's container gets, whatever language it is written in."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import containers, docker

pytestmark = pytest.mark.e2e

_SCHEMES = {"orders": "postgresql", "inventory": "mysql", "payments": "postgresql", "notifications": "redis"}
_SERVICES = list(_SCHEMES)


def _environment(checkout: Checkout, service: str) -> dict[str, str]:
    lines = docker("exec", checkout.name(f"{service}-1"), "env").splitlines()
    return dict(line.split("=", 1) for line in lines)


def _read(checkout: Checkout, service: str, path: str) -> str:
    return docker("exec", checkout.name(f"{service}-1"), "cat", path)


@pytest.mark.parametrize("service", _SERVICES)
def test_it_knows_who_it_is(shop: Checkout, service: str) -> None:
    environment = _environment(shop, service)
    names = ("MSCTL_PROJECT", "MSCTL_SERVICE", "MSCTL_INSTANCE", "PORT")
    assert [environment[name] for name in names] == [shop.project, service, shop.name(f"{service}-1"), "8000"]


@pytest.mark.parametrize("service", _SERVICES)
def test_it_has_a_database_of_its_own(shop: Checkout, service: str) -> None:
    path = _environment(shop, service)["DATABASE_URL_FILE"]
    url = urlsplit(_read(shop, service, path))
    assert path == "/run/secrets/database_url"
    assert (url.scheme, url.username, url.hostname) == (
        _SCHEMES[service],
        service,
        shop.name(f"{service}-db"),
    )


@pytest.mark.parametrize("service", _SERVICES)
def test_it_has_a_login_of_its_own_at_the_broker(shop: Checkout, service: str) -> None:
    path = _environment(shop, service)["AMQP_URL_FILE"]
    url = urlsplit(_read(shop, service, path))
    assert path == "/run/secrets/amqp_url"
    assert (url.scheme, url.username, url.path) == ("amqp", service, f"/{shop.project}")


@pytest.mark.parametrize("service", _SERVICES)
def test_it_reaches_the_registry(shop: Checkout, service: str) -> None:
    address = _environment(shop, service)["CONSUL_HTTP_ADDR"]
    script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).status)"
    url = f"{address}/v1/status/leader"
    assert docker("exec", shop.name(f"{service}-1"), "python", "-c", script, url) == "200"


@pytest.mark.parametrize("service", _SERVICES)
def test_its_secrets_are_its_users_alone(shop: Checkout, service: str) -> None:
    name = shop.name(f"{service}-1")
    found = docker("exec", name, "find", "/run/secrets", "-type", "f", "-printf", "%m %U:%G %f\n")
    user = containers(shop.project)[name]["Config"]["User"]
    assert len(found.splitlines()) >= 2
    assert {line.rsplit(" ", 1)[0] for line in found.splitlines()} == {f"400 {user}"}


def test_every_process_is_somebody_and_none_but_the_agents_is_root(shop: Checkout) -> None:
    """The agent has no capability either; it is root because the engine's socket is root's."""
    for name in set(containers(shop.project)) - {shop.name("agent")}:
        rows = docker("top", name, "-eo", "pid,uid").splitlines()[1:]
        assert rows
        assert "0" not in {row.split()[1] for row in rows}, name


def test_no_container_can_gain_privileges(shop: Checkout) -> None:
    for name, found in containers(shop.project).items():
        host = found["HostConfig"]
        assert not host["Privileged"], name
        assert host["CapDrop"] == ["ALL"], name
        assert "no-new-privileges" in host["SecurityOpt"], name


def test_no_path_of_the_host_is_mounted_but_the_agents_socket(shop: Checkout) -> None:
    paths = {
        (name, mount["Destination"])
        for name, found in containers(shop.project).items()
        for mount in found["Mounts"]
        if mount["Type"] not in {"volume", "tmpfs"}
    }
    assert paths == {(shop.name("agent"), "/var/run/docker.sock")}


def test_only_the_loopback_is_published(shop: Checkout) -> None:
    for name, found in containers(shop.project).items():
        places = [
            place for ports in (found["NetworkSettings"]["Ports"] or {}).values() for place in ports or ()
        ]
        assert {place["HostIp"] for place in places} <= {"127.0.0.1"}, name


def test_logs_are_capped(shop: Checkout) -> None:
    for name, found in containers(shop.project).items():
        assert {"max-size", "max-file"} <= set(found["HostConfig"]["LogConfig"]["Config"]), name
