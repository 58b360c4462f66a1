"""Consul with ACLs: what a deregistration leaves behind when the entry's own token is gone."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from consul import Consul, ConsulException
from consul.callback import CB

from msctl.errors import RegistryError
from msctl.labels import REGISTRY_META
from msctl.registry import acl
from msctl.registry.acl import admit_patiently
from msctl.registry.client import Registry
from msctl.registry.entry import Check, Entry
from tests.integration.registry.conftest import GUARD, RunningConsul, await_leader
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

PROJECT = "guarded"
ORDERS = "0e9f1d6a-5b7c-4a53-9a41-3c1f7f0f2b6d"
MINE = Entry("guarded-orders-1", "orders", "10.9.8.1", 8000, {REGISTRY_META: PROJECT})


def _service_token(consul: RunningConsul) -> tuple[str, str]:
    """Accessor and secret of a token that may register ``orders``."""
    host, port = consul.address.split(":")
    client = Consul(host, int(port), token=GUARD)
    eventually(lambda: _acls_are_ready(client))
    policy = client.acl.policy.create("orders", rules={"service": {"orders": {"policy": "write"}}})
    token = client.acl.token.create(policies_id=[policy["ID"]])
    client.http.session.close()
    return token["AccessorID"], token["SecretID"]


def _acls_are_ready(client: Consul) -> bool:
    """A new leader is in "legacy mode" for a moment."""
    try:
        return bool(client.acl.policy.list())
    except ConsulException:
        return False


def _revoke(consul: RunningConsul, accessor: str) -> None:
    host, port = consul.address.split(":")
    client = Consul(host, int(port), token=GUARD)
    client.acl.token.delete(accessor)
    client.http.session.close()


def test_a_blocked_deregistration_leaves_no_ghost(guarded_consul: RunningConsul) -> None:
    operator = Registry(guarded_consul.address, GUARD)
    await_leader(operator)
    accessor, secret = _service_token(guarded_consul)
    instance = Registry(guarded_consul.address, secret)
    instance.register(MINE)
    eventually(lambda: [found for found in operator.entries(PROJECT) if found.in_catalog])
    _revoke(guarded_consul, accessor)
    operator.deregister(MINE.id)
    assert operator.entries(PROJECT) == ()
    instance.close()
    operator.close()


def test_a_check_that_only_the_catalog_knows_ends_with_the_next_life(guarded_consul: RunningConsul) -> None:
    """Such as Consul keeps when it was restarted between an agent's deregistration and the catalog's."""
    operator = Registry(guarded_consul.address, GUARD)
    await_leader(operator)
    admit_patiently(operator.doors, [acl.service("orders", ORDERS)], seconds=20.0)
    instance = Registry(guarded_consul.address, ORDERS)
    instance.register(MINE)
    eventually(lambda: operator.health(PROJECT) and operator.health(PROJECT)[0].status == "pass")
    (known,) = operator.entries(PROJECT)
    _plant_check(guarded_consul, str(known.node))
    eventually(lambda: operator.health(PROJECT)[0].status == "fail")
    instance.register(MINE)
    eventually(lambda: operator.health(PROJECT)[0].status == "pass")
    instance.close()
    operator.close()


def test_two_who_enter_one_instance_never_take_it_out_of_rotation(guarded_consul: RunningConsul) -> None:
    """As ``up`` and the agent do, in the second after the start."""
    operator = Registry(guarded_consul.address, GUARD)
    await_leader(operator)
    admit_patiently(operator.doors, [acl.service("orders", ORDERS)], seconds=20.0)
    entry = replace(MINE, check=Check("tcp", "127.0.0.1:8300"))
    writers = [Registry(guarded_consul.address, ORDERS) for _ in range(2)]
    writers[0].register(entry)
    eventually(lambda: _passing(guarded_consul) == [MINE.id])
    with ThreadPoolExecutor(2) as pool:
        work = [pool.submit(_enter_again, writer, entry) for writer in writers]
        seen = [_passing(guarded_consul)]
        while not all(writing.done() for writing in work):
            seen.append(_passing(guarded_consul))
        for writing in work:
            writing.result()
    assert [found for found in seen if found != [MINE.id]] == []
    eventually(lambda: [len(found.checks) for found in operator.entries(PROJECT)] == [1])
    for client in (operator, *writers):
        client.close()


def _enter_again(writer: Registry, entry: Entry) -> None:
    for _ in range(20):
        writer.register(entry)


def _passing(consul: RunningConsul) -> list[str]:
    host, port = consul.address.split(":")
    client = Consul(host, int(port), token=GUARD)
    _, found = client.health.service("orders", passing=True)
    client.http.session.close()
    return [item["Service"]["ID"] for item in found]


def _plant_check(consul: RunningConsul, node: str) -> None:
    host, port = consul.address.split(":")
    client = Consul(host, int(port), token=GUARD)
    check = {"CheckID": "ghost", "Name": "ghost", "Status": "critical", "ServiceID": MINE.id}
    body = json.dumps({"Node": node, "SkipNodeUpdate": True, "Check": check})
    client.http.put(CB.boolean(), "/v1/catalog/register", headers=client.prepare_headers(), data=body)
    client.http.session.close()


def test_what_is_not_there_is_gone(guarded_consul: RunningConsul) -> None:
    operator = Registry(guarded_consul.address, GUARD)
    await_leader(operator)
    operator.deregister("never-registered")
    operator.close()


def test_a_refusal_is_told(guarded_consul: RunningConsul) -> None:
    operator = Registry(guarded_consul.address, GUARD)
    await_leader(operator)
    stranger = Registry(guarded_consul.address, "00000000-0000-0000-0000-000000000bad")
    with pytest.raises(RegistryError, match="permission denied") as refusal:
        stranger.register(MINE)
    assert refusal.value.hint == "run 'msctl up': it gives this checkout a token again"
    stranger.close()
    operator.close()
