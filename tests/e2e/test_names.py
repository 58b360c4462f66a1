"""Names inside containers: services by Consul, the rest of the world by the machine's resolver."""

from __future__ import annotations

import json

import pytest

from tests.e2e.catalog import passing_addresses
from tests.e2e.checkout import Checkout
from tests.e2e.engine_state import docker, succeeds
from tests.integration.waiting import eventually

pytestmark = pytest.mark.e2e

_LOOKUP = """
import json, socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1], None, socket.AF_INET, socket.SOCK_STREAM)
except socket.gaierror:
    found = []
print(json.dumps(sorted({place[4][0] for place in found})))
"""


def _addresses(checkout: Checkout, name: str, asking: str = "payments-1") -> set[str]:
    """What ``name`` means in one of the shop's containers."""
    answer = docker("exec", checkout.name(asking), "python", "-c", _LOOKUP, name)
    return set(json.loads(answer))


@pytest.mark.parametrize("name", ["orders.service.consul", "orders"])
def test_a_service_is_all_its_instances(shop: Checkout, name: str) -> None:
    found = _addresses(shop, name)
    assert len(found) == 2
    assert found == passing_addresses(shop.project, "orders")


@pytest.mark.parametrize("name", ["orders.service.consul", "orders"])
def test_an_instance_that_hangs_is_left_out(shop: Checkout, name: str) -> None:
    """As long as it hangs: the agent restarts it after a while, so it may be back before it is let go."""
    hung = shop.name("orders-2")
    network = f'{{{{(index .NetworkSettings.Networks "{shop.project}").IPAddress}}}}'
    address = docker("inspect", "--format", network, shop.name("orders-1"))
    docker("exec", hung, "sh", "-c", "kill -STOP -1")
    try:
        eventually(lambda: _addresses(shop, name) == {address}, timeout=60.0)
    finally:
        succeeds("exec", hung, "sh", "-c", "kill -CONT -1")
        eventually(lambda: len(_addresses(shop, name)) == 2, timeout=60.0)


def test_an_unknown_service_is_nothing(shop: Checkout) -> None:
    assert _addresses(shop, "nobody.service.consul") == set()


def test_a_name_that_consul_does_not_know_is_asked_outside(shop: Checkout) -> None:
    """The engine's own resolver stands for the world: it knows a stranger on the project's network."""
    stranger = shop.name("stranger")
    image = docker("image", "ls", "--quiet", "msctl/*").split()[0]
    docker(
        "run", "--detach", "--name", stranger, "--network", shop.project,
        "--network-alias", "outside.example.test", "--entrypoint", "sleep", image, "600",
    )  # fmt: skip
    try:
        network = f'{{{{(index .NetworkSettings.Networks "{shop.project}").IPAddress}}}}'
        address = docker("inspect", "--format", network, stranger)
        assert _addresses(shop, "outside.example.test") == {address}
    finally:
        docker("rm", "--force", stranger)


def test_roles_are_known_without_consul(shop: Checkout) -> None:
    assert len(_addresses(shop, "broker")) == 1
    assert len(_addresses(shop, "registry")) == 1


def test_a_database_is_known_to_its_service_alone(shop: Checkout) -> None:
    database = shop.name("orders-db")
    assert len(_addresses(shop, database, asking="orders-1")) == 1
    assert _addresses(shop, database, asking="payments-1") == set()
