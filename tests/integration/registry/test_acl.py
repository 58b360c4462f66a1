"""Consul's locked doors: what each party may do, and what not."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator

import pytest

from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META, TOKENS_KEY
from msctl.registry.acl import Party, admit_patiently, auth, gateway, nobody, service
from msctl.registry.client import Registry
from msctl.registry.entry import Entry
from tests.integration.registry.conftest import GUARD, RunningConsul, await_leader

pytestmark = pytest.mark.integration

SECRETS = {name: str(uuid.uuid4()) for name in ("orders", "payments", "gateway", "auth")}
PARTIES: tuple[Party, ...] = (
    nobody(),
    gateway(SECRETS["gateway"]),
    auth(SECRETS["auth"]),
    service("orders", SECRETS["orders"]),
    service("payments", SECRETS["payments"]),
)


@pytest.fixture
def operator(guarded_consul: RunningConsul) -> Iterator[Registry]:
    made = Registry(guarded_consul.address, GUARD)
    await_leader(made)
    admit_patiently(made.doors, PARTIES, seconds=20)
    yield made
    made.close()


def ask(consul: RunningConsul, method: str, path: str, token: str | None = None) -> int:
    headers = {} if token is None else {"X-Consul-Token": token}
    data = b"x" if method == "PUT" else None
    request = urllib.request.Request(f"http://{consul.address}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def entry(name: str, instance: str) -> Entry:
    return Entry(instance, name, "10.9.8.1", 8000, {REGISTRY_META: "guarded"})


def test_each_party_has_its_own_door(guarded_consul: RunningConsul, operator: Registry) -> None:
    assert operator.doors.admit(PARTIES) == 0
    orders = Registry(guarded_consul.address, SECRETS["orders"])
    payments = Registry(guarded_consul.address, SECRETS["payments"])
    orders.register(entry("orders", "orders-1"))
    payments.register(entry("payments", "payments-1"))
    for theirs in (entry("payments", "orders-2"), entry("orders", "payments-1"), entry("new", "new-1")):
        with pytest.raises(RegistryError, match="permission denied"):
            orders.register(theirs)
    with pytest.raises(RegistryError):
        orders.deregister("payments-1")
    assert {e.id for e in operator.health("guarded")} == {"orders-1", "payments-1"}
    orders.deregister("orders-1")
    for registry in (orders, payments):
        registry.close()


@pytest.mark.parametrize("who", [None, "gateway", "orders", "auth"])
def test_nobody_reads_or_writes_what_is_not_his(
    guarded_consul: RunningConsul, operator: Registry, who: str | None
) -> None:
    token = None if who is None else SECRETS[who]
    assert (ask(guarded_consul, "PUT", f"/v1/kv/{TOKENS_KEY}", token) == 200) is (who == "auth")
    assert (ask(guarded_consul, "GET", f"/v1/kv/{TOKENS_KEY}", token) != 403) is (who is not None)
    for method, path in (
        ("PUT", "/v1/kv/other"),
        ("GET", "/v1/acl/tokens"),
        ("GET", "/v1/acl/policies"),
        ("PUT", "/v1/agent/leave"),
        ("PUT", "/v1/agent/reload"),
        ("GET", "/v1/agent/self"),
    ):
        assert ask(guarded_consul, method, path, token) == 403, (who, method, path)


def test_who_left_is_let_in_no_more(guarded_consul: RunningConsul, operator: Registry) -> None:
    staying = tuple(party for party in PARTIES if party.name != "payments")
    operator.doors.dismiss_others(staying)
    payments = Registry(guarded_consul.address, SECRETS["payments"])
    with pytest.raises(RegistryError):
        payments.register(entry("payments", "payments-9"))
    payments.close()
    assert operator.doors.admit(PARTIES) == 2
