"""A running broker follows a changed manifest: credentials, subscriptions, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from msctl.broker.client import Broker
from msctl.broker.commands import IMPORT_DEFINITIONS, delete_user
from msctl.broker.definitions import definitions
from msctl.broker.difference import clashes, surplus
from msctl.broker.permissions import PLATFORM_USER
from msctl.broker.topology import Queue, Topology
from msctl.errors import BrokerError
from msctl.orchestrator.broker_upkeep import tidy
from tests.integration.broker.conftest import RunningBroker
from tests.integration.broker.declared import declared, passwords, service
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration


def apply(broker: RunningBroker, wanted: Topology, generation: int = 1) -> None:
    """Deliver and import, and wait for it: the import is asynchronous."""
    document = definitions(wanted, passwords(wanted, generation))
    broker.deliver(document)
    broker.run(IMPORT_DEFINITIONS)
    hashes = {user["name"]: user["password_hash"] for user in document["users"]}

    def arrived() -> bool:
        found = broker.export()
        held = {user["name"]: user["password_hash"] for user in found["users"]}
        return hashes.items() <= held.items() and all(
            _keys(document, kind) <= _keys(found, kind) for kind in ("queues", "exchanges", "bindings")
        )

    eventually(arrived, timeout=90.0, interval=0.5)


def _keys(document: Mapping[str, Any], kind: str) -> set[tuple[str, ...]]:
    """What tells the objects of one kind apart."""
    fields = ("source", "destination", "routing_key") if kind == "bindings" else ("name",)
    return {tuple(found[field] for field in fields) for found in document[kind]}


@pytest.fixture
def restored(broker: RunningBroker) -> Iterator[None]:
    """What the session's broker was booted with is back afterwards."""
    yield
    apply(broker, broker.topology)
    document = definitions(broker.topology, passwords(broker.topology))
    left = surplus(broker.topology, document, broker.export())
    with broker.as_user("_platform") as client:
        client.remove(left, with_messages=True)
    for user in left.users:
        broker.run(delete_user(user))


@pytest.mark.usefixtures("restored")
def test_new_credentials_are_imported_live(broker: RunningBroker) -> None:
    renewed = passwords(broker.topology, generation=2)["orders"]
    apply(broker, broker.topology, generation=2)
    with Broker(broker.url("orders", renewed)) as orders:
        orders.connect()
    with pytest.raises(BrokerError, match="wrong user, password"):
        broker.as_user("orders").connect()


@pytest.mark.usefixtures("restored")
def test_what_is_no_longer_declared_is_removed_but_no_message_is_lost(broker: RunningBroker) -> None:
    vhost = broker.topology.vhost
    wider = service("orders", ["order.placed"], ["payment.*", "stock.#"])
    apply(broker, declared(vhost, wider, service("mail", [], ["order.placed"])))
    with broker.as_user("orders") as orders:
        orders.publish("events", "order.placed", b"{}")
    assert set(tidied(broker)) == {
        "user 'mail' was removed",
        "queue 'orders' no longer gets 'stock.#'",
        "queue 'mail' gets no more events but holds messages (1), so it was left; "
        "to remove it: msctl up --yes",
        "queue 'mail.retry.500ms' was removed",
        "queue 'mail.retry.10s' was removed",
        "queue 'mail.dead' gets no more events but is still needed, so it was left; "
        "to remove it: msctl up --yes",
        "exchange 'mail.retry' was removed",
    }
    with broker.as_user("_platform") as client, broker.as_user("orders") as orders:
        orders.publish("events", "order.placed", b"{}")
        facts = client.queue_facts("mail")
        assert facts is not None
        assert facts.messages == 1, "it is not bound any more"
        channel = broker.channel("_platform")
        channel.queue_purge("mail")
        channel.connection.close()
    assert set(tidied(broker)) == {"queue 'mail' was removed", "queue 'mail.dead' was removed"}
    assert tidied(broker) == ()


def tidied(broker: RunningBroker) -> tuple[str, ...]:
    """Tidy up after a return to the session's own topology."""
    logins = passwords(broker.topology)
    wanted = definitions(broker.topology, logins)
    return tidy(broker.engine, broker.name, broker.topology, wanted, logins[PLATFORM_USER])


def test_declaring_again_changes_nothing(broker: RunningBroker, platform: Broker) -> None:
    before = broker.export()
    platform.declare(broker.topology)
    assert broker.export()["queues"] == before["queues"]


def test_a_clash_names_the_argument(broker: RunningBroker, platform: Broker) -> None:
    first, *others = broker.topology.queues
    other = Queue(first.name, {**first.arguments, "x-delivery-limit": 7})
    changed = replace(broker.topology, queues=(other, *others))
    found = clashes(changed, broker.export())
    assert [(clash.name, clash.argument, clash.wanted) for clash in found] == [
        ("orders", "x-delivery-limit", 7)
    ]
    with pytest.raises(BrokerError, match="queue 'orders' exists with another 'x-delivery-limit'"):
        platform.declare(changed)
