"""Where messages go: retry tiers flow back, what is given up and what is delivered too often is kept."""

from __future__ import annotations

import pytest

from msctl.broker.client import Broker, QueueFacts
from msctl.broker.topology import DELIVERY_LIMIT
from msctl.errors import BrokerError
from tests.integration.broker.conftest import RunningBroker
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration


def depth(client: Broker, queue: str) -> int:
    """Messages that wait in ``queue``."""
    facts = client.queue_facts(queue)
    assert facts is not None
    return facts.messages


def test_queues_that_are_not_there_hide_no_others(broker: RunningBroker, platform: Broker) -> None:
    with broker.as_user("orders") as orders:
        orders.publish("orders.retry", "orders.dead", b"lost")
    asked = ("none", "orders", "missing", "gone", "orders.dead", "last")
    assert platform.facts_of(asked) == {
        "orders": QueueFacts("orders", 0, 0),
        "orders.dead": QueueFacts("orders.dead", 1, 0),
    }
    assert platform.facts_of(()) == {}
    assert platform.queue_facts("none") is None


def test_a_retried_message_flows_back(broker: RunningBroker, platform: Broker) -> None:
    with broker.as_user("orders") as orders:
        orders.publish("orders.retry", "orders.retry.500ms", b"again", {"headers": {"tries": 1}})
    eventually(lambda: depth(platform, "orders") == 1)
    channel = broker.channel("orders")
    _, properties, body = channel.basic_get("orders", auto_ack=True)
    channel.connection.close()
    assert body == b"again"
    assert properties.headers["tries"] == 1
    assert properties.headers["x-first-death-queue"] == "orders.retry.500ms"
    eventually(lambda: depth(platform, "orders.retry.500ms") == 0)


def test_a_service_gives_up_into_its_dead_letters(broker: RunningBroker, platform: Broker) -> None:
    with broker.as_user("orders") as orders:
        orders.publish("orders.retry", "orders.dead", b"lost cause", {"headers": {"cause": "ValueError"}})
    assert depth(platform, "orders.dead") == 1


def test_the_delivery_limit_is_a_backstop(broker: RunningBroker, platform: Broker) -> None:
    with broker.as_user("payments") as payments:
        payments.publish("events", "payment.captured", b"poison")
    channel = broker.channel("orders")
    deliveries = 0
    while (got := channel.basic_get("orders"))[0] is not None:
        deliveries += 1
        channel.basic_nack(got[0].delivery_tag, requeue=True)
    channel.connection.close()
    assert deliveries == DELIVERY_LIMIT + 1
    eventually(lambda: depth(platform, "orders.dead") == 1)


def test_an_event_that_nobody_takes_is_an_error(platform: Broker) -> None:
    with pytest.raises(BrokerError, match="no queue takes this event"):
        platform.publish("events", "nobody.cares", b"{}")


def test_every_queue_is_a_durable_quorum_queue(broker: RunningBroker) -> None:
    queues = {queue["name"]: queue for queue in broker.export()["queues"]}
    assert set(queues) == {queue.name for queue in broker.topology.queues}
    for queue in broker.topology.queues:
        assert queues[queue.name]["arguments"] == queue.arguments
        assert queues[queue.name]["durable"] is True
